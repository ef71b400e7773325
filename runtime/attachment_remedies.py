"""What to do about the codes of attachments. Used by runtime.remedies."""

from collections.abc import Mapping

ATTACHMENTS: Mapping[str, str] = {
    "attachment-quota": "wait: a client may upload so many attachments and megabytes in 24 hours (docs/settings.md)",
    "attachment-unfinished": "send the rest of the upload: HEAD tells how far it came",
    "attachment-unknown": "upload the attachment with the same client, then name its id within 24 hours",
    "attachments-too-large": "name fewer or smaller attachments: 200 MB together",
    "attachments-too-many": "name at most 20 at once; a case takes 500",
    "digest-mismatch": "upload the file anew under a new key: what came is not what was announced",
    "file-corrupt": "take the photo or recording anew: the file is cut off or damaged",
    "file-empty": "send at least one byte",
    "file-too-complex": "take the photo anew: opening it takes longer than 30 seconds",
    "file-too-large": "send at most 25 MB, a video at most 100 MB",
    "file-type": "send one of the types docs/attachments.md lists; the content decides, not the name",
    "image-too-large": "send a photo of at most 50 million pixels",
    "range-not-satisfiable": "ask for bytes the content has; `Content-Range` tells its size",
    "storage-unavailable": "the file store is away: try again; see docs/operations.md",
    "tus-version-unsupported": "send `Tus-Resumable: 1.0.0`",
    "upload-checksum-invalid": "send `Upload-Checksum` as sha256 or sha1 and the digest in Base64",
    "upload-checksum-mismatch": "send the piece again: it was changed on its way",
    "upload-length-exceeded": "send as many bytes as were announced",
    "upload-length-invalid": "send `Upload-Length` in bytes; a length told later is not supported",
    "upload-metadata-invalid": "send pairs of a key and a value in Base64; `sha256` as the hexadecimal text",
    "upload-offset-invalid": "send `Upload-Offset` in bytes",
    "upload-offset-mismatch": "ask with HEAD how far the upload came, and go on there",
    "upload-too-many-parts": "send pieces of 32 KiB and more",
}
