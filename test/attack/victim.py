"""An app that is attacked: it is careless with all that it has, for the walls have to hold alone."""
import contextlib, os, selectors, socket, sys

os.umask(0)
ports = dict(one.split("=") for one in sys.argv[1].split(","))
for path in (os.environ["HOP3_DATA_DIR"] + "/secret", "/tmp/victim-secret", "/dev/shm/victim-secret"):
    with open(path, "w") as file:
        file.write("victim-secret")

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
IN4, IN6, UNIX = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
chosen = selectors.DefaultSelector()
# By its socket it is to be found ready, and not by its port.
first = socket.socket(UNIX)
first.bind(os.environ["HOP3_SOCKET"])
first.listen()
first.accept()[0].close()
chosen.register(first, selectors.EVENT_READ)
for family, kind, address in (
    (UNIX, TCP, "\0hop3-victim"),
    (IN4, TCP, ("127.0.0.1", int(os.environ["PORT"]))),
    (IN4, TCP, ("127.0.0.1", int(ports["tcp"]))),
    (IN4, TCP, ("0.0.0.0", int(ports["any"]))),
    (IN6, TCP, ("::1", int(ports["tcp6"]))),
    (IN4, UDP, ("127.0.0.1", int(ports["udp"]))),
    (IN4, UDP, ("0.0.0.0", int(ports["udpAny"]))),
    (IN6, UDP, ("::1", int(ports["udp6"]))),
):
    one = socket.socket(family, kind)
    one.bind(address)
    if kind == TCP:
        one.listen()
    chosen.register(one, selectors.EVENT_READ)
with open(os.environ["HOP3_DATA_DIR"] + "/port.new", "w") as file:
    file.write(os.environ["PORT"])
os.rename(os.environ["HOP3_DATA_DIR"] + "/port.new", os.environ["HOP3_DATA_DIR"] + "/port")
while True:
    for key, _ in chosen.select():
        if key.fileobj.type == TCP:
            # Whoever only looked is gone already.
            with key.fileobj.accept()[0] as client, contextlib.suppress(OSError):
                client.send(b"victim-secret")
        else:
            with open(os.environ["HOP3_DATA_DIR"] + "/udp-" + key.fileobj.recv(64).decode(), "w"):
                pass
