"""Two XMPP routers that meet on port 7400: `xmpp.py server HOW CERT KEY`, `xmpp.py client HOST CA`.

HOW is `ok`, `starttls` or the name of a stream error (RFC 6120, section 4.9.3)."""

import socket
import ssl
import sys

PORT = 7400
HEAD = (
    "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
    "xmlns='jabber:server' from='{}' to='{}' version='1.0'{}>"
)
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
ERROR = (
    "<stream:error><{} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>closed by the router</text>"
    "</stream:error></stream:stream>"
)


def read_until(s, *words):
    heard = ""
    while not any(word in heard for word in words):
        some = s.recv(4096)
        if not some:
            break
        heard += some.decode()
    return heard


def serve(peer, how, cert, key):
    if "<stream:stream" not in read_until(peer, "version='1.0'>"):
        return
    head = HEAD.format("imp1.example.com", "imp2.example.com", " id='s1'")
    if how == "starttls":
        features = f"<starttls xmlns='{TLS}'><required/></starttls>"
        peer.sendall(f"{head}<stream:features>{features}</stream:features>".encode())
        read_until(peer, "/>")
        peer.sendall(f"<proceed xmlns='{TLS}'/>".encode())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(cert, key)
        peer = context.wrap_socket(peer, server_side=True)
        read_until(peer, "version='1.0'>")
        peer.sendall(f"{head}<stream:features/></stream:stream>".encode())
    elif how == "ok":
        peer.sendall(f"{head}<stream:features/>".encode())
        read_until(peer, "</stream:stream>")
        peer.sendall(b"</stream:stream>")
    else:
        peer.sendall((head + ERROR.format(how)).encode())


def server(how, cert, key):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", PORT))
    s.listen(8)
    while True:
        peer, _ = s.accept()
        try:
            serve(peer, how, cert, key)
        except OSError as e:
            print(f"server: {e}", flush=True)
        peer.close()


def client(host, ca):
    s = socket.create_connection((host, PORT), 4)
    head = HEAD.format("imp2.example.com", "imp1.example.com", "").encode()
    s.sendall(head)
    heard = read_until(s, "</stream:features>", "<stream:features/>", "</stream:stream>")
    print(heard)
    if "<starttls" in heard:
        s.sendall(f"<starttls xmlns='{TLS}'/>".encode())
        print(read_until(s, "/>"))
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = False
        s = context.wrap_socket(s)
        s.sendall(head)
        print(read_until(s, "</stream:stream>"))
    elif "<stream:error" not in heard:
        s.sendall(b"<message from='a@example.com' to='b@example.com'><body>hello</body></message>")
        s.sendall(b"</stream:stream>")
        print(read_until(s, "</stream:stream>"))
    s.close()


if __name__ == "__main__":
    try:
        {"server": server, "client": client}[sys.argv[1]](*sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
