"""`python -m python_duel`."""

from python_duel.cli import main

if __name__ == "__main__":
    main()
