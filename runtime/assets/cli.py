"""``cityloop assets``: the command line of the register. Everything heavy is imported when a command runs."""

import typer

from runtime.assets.loading import Dry, Encoding, File, Mapped, Remarks, System, Together, load

assets = typer.Typer(no_args_is_help=True, help="The register of components (部件).")


@assets.callback()
def register() -> None:
    """The register of components (部件): what stands in the street, whose it is, and who keeps it up."""


@assets.command("load")
def load_command(
    file: File,
    mapping: Mapped = None,
    crs: System = None,
    encoding: Encoding = None,
    report: Remarks = None,
    all_or_nothing: Together = False,
    dry_run: Dry = False,
) -> None:
    """Bring the components of a table into the register; exit status 1 if a row was refused.

    Safe to repeat: a component is known by its code, the later date wins, and a row that changes nothing is not
    written. A load that broke off is finished by giving it again.
    """
    from runtime.assets.command import ASSETS

    load(ASSETS, file, mapping, crs, encoding, report, all_or_nothing, dry_run)
