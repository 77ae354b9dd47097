"""python -m bench: fill a desk (fill N), measure its pages (run), or many writers at once (writers). See README.md."""

import argparse
import os


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    filling = parts.add_parser("fill", help="fill the desk that DATABASE_URL names, and print who can sign in")
    filling.add_argument("size", type=int)
    running = parts.add_parser("run", help="fill a desk of its own, kept for the next time, and measure its pages")
    running.add_argument("--size", type=int, default=10_000)
    running.add_argument("--db", choices=("sqlite", "mariadb", "postgresql"), default="sqlite")
    running.add_argument("--rounds", type=int, default=3, help="how often each load is repeated (default 3)")
    running.add_argument("--only", default="", help="only lines whose name holds this; nothing is written then")
    writing = parts.add_parser("writers", help="eight writers in two processes on SQLite")
    writing.add_argument("--be-one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    {"fill": fill, "run": run, "writers": writers}[given.part](given)


def fill(given):
    from app import create_app
    from bench import fill as filling

    filling.fill(create_app(os.environ), given.size)
    for role, address in filling.accounts().items():
        print(f"{role}: {address} {filling.PASSWORD}")


def run(given):
    from bench import run as running

    running.run(given)


def writers(given):
    from bench import writers as writing

    writing.be_one() if given.be_one else writing.run()


if __name__ == "__main__":
    main()
