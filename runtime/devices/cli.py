"""``cityloop devices``: the command line of their register. Everything heavy is imported when a command runs."""

import typer

from runtime.assets.loading import Dry, Encoding, File, Mapped, Remarks, System, Together, load

devices = typer.Typer(no_args_is_help=True, help="The register of devices (感知设备).")


@devices.callback()
def register() -> None:
    """The register of devices (感知设备): what measures in the street, where it stands, and whose it is."""


@devices.command("load")
def load_command(
    file: File,
    mapping: Mapped = None,
    crs: System = None,
    encoding: Encoding = None,
    report: Remarks = None,
    all_or_nothing: Together = False,
    dry_run: Dry = False,
) -> None:
    """Bring the devices of a table into the register; exit status 1 if a row was refused.

    Safe to repeat: a device is known by its id, the table given last holds, and a row that changes nothing is not
    written. A load that broke off is finished by giving it again.
    """
    from runtime.devices.table import DEVICE_REGISTER

    load(DEVICE_REGISTER, file, mapping, crs, encoding, report, all_or_nothing, dry_run)
