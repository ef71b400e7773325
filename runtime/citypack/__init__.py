"""City packs: everything a city brings along. ``load`` reads one and names every fault with its file and line."""

from runtime.citypack.duties import ClientSpec
from runtime.citypack.pack import Pack, load, pack_digest

__all__ = ["ClientSpec", "Pack", "load", "pack_digest"]
