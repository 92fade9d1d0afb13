"""H.225 RAS on port 1719: `gatekeeper.py serve silent|answers`, `gatekeeper.py ask HOST`. Beside it the server answers
on port 7 of TCP, so that a capture shows both ways."""

import socket
import sys
import threading
import time


def echo():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 7))
    s.listen(4)
    while True:
        peer, _ = s.accept()
        peer.sendall(peer.recv(100))
        peer.close()


def serve(how):
    threading.Thread(target=echo, daemon=True).start()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", 1719))
    while True:
        data, peer = s.recvfrom(2000)
        if how == "answers" and data[0] >> 2 == 0x4A >> 2:
            # locationReject of the same number: requestDenied
            s.sendto(bytes([0x50]) + data[1:3] + bytes([0x40]), peer)


def ask(host):
    with socket.create_connection((host, 7), 4) as s:
        s.sendall(b"here?")
        s.recv(100)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    for _ in range(3):
        # locationRequest, sequence number 1, one destination: dialled digits 1234
        s.sendto(bytes.fromhex("4a0000000101040045670000c000020a06b7"), (host, 1719))
        try:
            s.recv(100)
            return
        except OSError as e:
            print(e)
    time.sleep(12)
    with socket.create_connection((host, 7), 4) as s:
        s.sendall(b"here?")
        s.recv(100)


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
