"""`installed_tor.py FOLDER`: ask the onion service of this installed machine for a page, through a Tor network on it."""

import subprocess
import sys
from pathlib import Path

from through_tor import Answer, request
from tor_network import Node, TorNetwork, until

ADDRESS, MORE = Path("/var/lib/senyap-tor/onion/hostname"), Path("/etc/senyap/torrc.d/network.conf")


def page(client: Node, path: str) -> Answer | None:
    """Return a page of the onion service, None when it did not come."""
    try:
        return request(client.port, ADDRESS.read_text().strip(), "GET", path)
    except OSError:
        return None


with TorNetwork(Path(sys.argv[1]), interval=20) as network:
    MORE.parent.mkdir(exist_ok=True)
    MORE.write_text(network.lines)
    subprocess.run(["systemctl", "restart", "senyap-tor"], check=True)
    client = network.client("client")
    until(client.is_up, "the client")
    until(lambda: page(client, "/") is not None, "the first page")
    answer = page(client, "/lapor")
    assert answer is not None
    print("PAGE", answer.status, ADDRESS.read_text().strip() in answer.text, 'name="benih"' in answer.text)
MORE.unlink()
