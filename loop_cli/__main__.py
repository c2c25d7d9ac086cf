"""`python -m loop_cli` is `loop`. What a shell asks at every TAB does without the rest."""

import sys


def main() -> None:
    """Run the program, or answer a shell, and exit."""
    if len(sys.argv) > 2 and sys.argv[1] == "__complete":
        from loop_cli.cli import complete

        sys.exit(complete.main(sys.argv[2:]))
    from loop_cli.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
