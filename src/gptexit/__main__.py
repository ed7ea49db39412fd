"""`gptexit` and `python -m gptexit`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from gptexit.cli import run

    run()


if __name__ == "__main__":
    main()
