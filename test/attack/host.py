"""What a host has beside its apps, as careless: the API, a database, a cloud that tells credentials, sockets that all may use."""
import contextlib, ctypes, os, selectors, signal, socket, sys

os.umask(0)
chosen = selectors.DefaultSelector()
addresses = [(socket.AF_INET, ("169.254.169.254", 80)), (socket.AF_UNIX, "\0hop3-host")]
for port in (8009, 8010, 5432):
    addresses += [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port))]
addresses += [(socket.AF_UNIX, path) for path in sys.argv[2:]]
for family, address in addresses:
    one = socket.socket(family)
    one.bind(address)
    one.listen()
    chosen.register(one, selectors.EVENT_READ)
libc = ctypes.CDLL(None)
memory = libc.shmget(int(sys.argv[1]), 4096, 0o1666)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
print("up", flush=True)
try:
    while True:
        for key, _ in chosen.select():
            with key.fileobj.accept()[0] as client, contextlib.suppress(OSError):
                client.send(b"host-secret")
finally:
    libc.shmctl(memory, 0, None)
