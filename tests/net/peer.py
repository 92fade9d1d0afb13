"""The other side of some cases: `peer.py WHAT [ARGUMENT…]`."""

import socket
import struct
import sys
import time


def listener(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    s.listen(8)
    return s


def open_(host, port):
    """Connects and closes; fails as the connection does."""
    socket.create_connection((host, int(port)), 4).close()


def greet(port):
    """Says who it is, as an SSH server does, and listens to what is said."""
    s = listener(int(port))
    while True:
        peer, _ = s.accept()
        peer.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        peer.settimeout(2)
        try:
            peer.recv(4096)
        except OSError:
            pass
        peer.close()


def web(port):
    """Answers whatever comes as a web server does that does not understand it."""
    s = listener(int(port))
    while True:
        peer, _ = s.accept()
        if peer.recv(4096):
            body = b"<html><body><h1>400 Bad Request</h1></body></html>\n"
            head = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\n"
            peer.sendall(head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        peer.close()


def talk(host, port):
    """Hears a greeting and answers."""
    with socket.create_connection((host, int(port)), 4) as s:
        s.recv(4096)
        s.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        while s.recv(4096):
            pass


def reset(port):
    """Takes what is sent and resets the connection."""
    s = listener(int(port))
    while True:
        peer, _ = s.accept()
        if peer.recv(4096):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


def gatekeeper(host):
    """A location request (H.225 RAS) to a port where nobody listens, three times."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, 1719))
    for _ in range(3):
        try:
            # locationRequest, sequence number 1, one destination: dialled digits 1234
            s.send(bytes.fromhex("4a0000000101040045670000c000020a06b7"))
            s.settimeout(0.5)
            s.recv(100)
        except OSError as e:
            print(e)
        time.sleep(0.4)


def lazy(host, port, seconds):
    """Asks PostgreSQL for a lot and reads nothing of it."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
    s.connect((host, int(port)))
    words = b"user\0open\0database\0postgres\0application_name\0report\0\0"
    s.sendall(struct.pack("!II", len(words) + 8, 196608) + words)
    time.sleep(0.5)
    query = b"select repeat('x', 3000000)\0"
    s.sendall(b"Q" + struct.pack("!I", len(query) + 4) + query)
    time.sleep(float(seconds))


def tag(path, vlan):
    """Puts an 802.1Q tag into every frame of a capture."""
    data = open(path, "rb").read()
    out, at = bytearray(data[:24]), 24
    while at < len(data):
        sec, usec, caplen, length = struct.unpack_from("<IIII", data, at)
        frame = data[at + 16 : at + 16 + caplen]
        frame = frame[:12] + struct.pack("!HH", 0x8100, int(vlan)) + frame[12:]
        out += struct.pack("<IIII", sec, usec, caplen + 4, length + 4) + frame
        at += 16 + caplen
    open(path, "wb").write(out)


if __name__ == "__main__":
    what = {"open": open_}.get(sys.argv[1]) or globals()[sys.argv[1]]
    try:
        what(*sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
