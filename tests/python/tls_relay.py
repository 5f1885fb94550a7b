"""TLS in front of a port: what comes in encrypted goes on as it is.

    tls_relay.py CERTIFICATE KEY HOST PORT

Prints the port it listens on, of 127.0.0.1. Ends with its standard input.
"""

import socket
import ssl
import sys
import threading

certificate, key, host, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
# gRPC insists on it.
context.set_alpn_protocols(["h2", "http/1.1"])


def pass_on(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(plain):
    try:
        outer = context.wrap_socket(plain, server_side=True)
        inner = socket.create_connection((host, int(port)))
    except OSError as why:
        print(why, file=sys.stderr)
        return
    threading.Thread(target=pass_on, args=(outer, inner), daemon=True).start()
    pass_on(inner, outer)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)


def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
sys.stdin.read()
