"""`python -m loop_cli` is `loop`."""

from loop_cli.cli.start import main

if __name__ == "__main__":
    main()
