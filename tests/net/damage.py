"""What spoils a conversation: `damage.py PORT BEHIND [curve]` stands before a TLS server and changes its
signature, or its kind of curve; `damage.py xmpp HOST CONDITION` ends a stream with an error;
`damage.py leave HOST CA` leaves a TLS handshake without an alert."""

import socket
import ssl
import sys
import threading

CURVE = sys.argv[3:] == ["curve"]


def damage(data, state):
    """Turns one bit of the first server key exchange (type 12): of its kind of curve, or of its signature."""
    state += data
    at = 0
    while at + 5 <= len(state):
        length = int.from_bytes(state[at + 3 : at + 5], "big")
        if at + 5 + length > len(state):
            break
        if state[at] == 22 and state[at + 5] == 12:
            what = at + 9 if CURVE else at + 5 + length - 8
            place = what - (len(state) - len(data))
            if 0 <= place < len(data):
                data = bytearray(data)
                data[place] ^= 1
                return bytes(data)
        at += 5 + length
    return data


def pipe(a, b, change):
    state = bytearray()
    while True:
        try:
            data = a.recv(65536)
        except OSError:
            data = b""
        if not data:
            break
        b.sendall(damage(data, state) if change else data)
    try:
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy(port, behind):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    s.listen(8)
    while True:
        peer, _ = s.accept()
        other = socket.create_connection(("127.0.0.1", behind))
        threading.Thread(target=pipe, args=(peer, other, False), daemon=True).start()
        threading.Thread(target=pipe, args=(other, peer, True), daemon=True).start()


def xmpp(host, condition):
    with socket.create_connection((host, 7400), 4) as s:
        s.sendall(
            b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
            b"xmlns='jabber:server' from='imp2.example.com' to='imp1.example.com' version='1.0'>"
        )
        s.recv(4096)
        s.sendall(
            f"<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
            "</stream:error></stream:stream>".encode()
        )


def leave(host, ca):
    """A client that does not like the server's certificate and closes without an alert."""
    context = ssl.create_default_context(cafile=ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(heard, said, server_hostname="cms1.example.com")
    with socket.create_connection((host, 8443), 4) as s:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(said.read())
                heard.write(s.recv(65536))
            except ssl.SSLError as error:
                print(error)
                break


if __name__ == "__main__":
    if sys.argv[1] == "leave":
        leave(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "xmpp":
        xmpp(sys.argv[2], sys.argv[3])
    else:
        proxy(int(sys.argv[1]), int(sys.argv[2]))
