"""What a person reads when the server is up."""

import sys

import segno

from python_duel.platform.listen import EVERYWHERE, lan_address, url


def greet(host: str, port: int, admin_token: str) -> None:
    """Addresses and the one-time admin link on stderr, then `ready <url>`, the only line on stdout."""
    local, lan = url(host, port), lan_address() if host in EVERYWHERE else None
    say(f"\nPython-Duel runs at      {local}")
    if lan:
        say(f"on your network          {url(lan, port)}")
        segno.make(url(lan, port)).terminal(out=sys.stderr, compact=True)
    elif host not in EVERYWHERE:
        say("for others on your network, start it with --host 0.0.0.0")
    say(f"you host it (one use)    {local}/host#{admin_token}\n")
    print(f"ready {local}", flush=True)


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)
