"""
An app that attacks. It tries everything below, each attempt in a process of its own, and writes a line for each:
its name, `refused` or `succeeded`, and how. It knows all names and numbers that a real attacker would have to guess.
Run as root and without walls every attempt succeeds, which shows that it is one; it does no harm then.
"""
import array, contextlib, ctypes, errno, fcntl, json, mmap, os, platform, pty, resource, shutil, signal, socket, stat
import struct, subprocess, sys, threading, time

TARGETS = json.loads(os.environ["TARGETS"])
STAGE = sys.argv[1]
OUTSIDE = STAGE == "outside"
OWN = TARGETS["tree"] if OUTSIDE else os.path.dirname(os.path.abspath(__file__))
libc = ctypes.CDLL(None, use_errno=True)
ARM = platform.machine() == "aarch64"
MEBI = 1024 * 1024
attempts = []


def attempt(what, only=None):
    """`only`: stages that have what it needs."""

    def add(function):
        if only is None or OUTSIDE or STAGE in only:
            attempts.append((function.__name__.replace("_", "-"), what, function))
        return function

    return add


def call(number, *args):
    """A system call by its numbers on x86-64 and arm64. Raises where it is refused."""
    whole = [ctypes.c_long(one) if isinstance(one, int) else one for one in args]
    result = libc.syscall(number[1] if ARM else number[0], *whole)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def allowed(number, *args):
    """For calls that are handed nonsense, so that nothing comes of them: any answer but 'you may not' means that one may."""
    try:
        return call(number, *args)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            raise
        return error.strerror


def read(path, count=64):
    with open(path, "rb") as file:
        return file.read(count) or b"empty"


def victim_pid():
    return TARGETS["pid"]


def reached(family, kind, address, protocol=0, options=()):
    with socket.socket(family, kind, protocol) as one:
        one.settimeout(2)
        for option in options:
            one.setsockopt(*option)
        one.connect(address)
        return one.recv(64) or b"connected"


def sent(family, address, options=()):
    """The one to whom it is sent tells whether it has come: this end may hear of nothing."""
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        for option in options:
            one.setsockopt(*option)
        one.sendto(f"{STAGE}-{sys._getframe(1).f_code.co_name}".encode(), address)
        time.sleep(0.1)
    return "sent"


def any_of(works):
    """Succeeds with the first that does; refused when all are."""
    reasons = []
    for work in works:
        try:
            return work()
        except (OSError, AssertionError, subprocess.CalledProcessError) as error:
            reasons.append(error)
    raise reasons[0]


# Files.

for name, what in {
    "data": "read another app's data, which its modes leave open",
    "release": "read another app's release",
    "log": "read another app's log",
    "record": "read another app's release record",
    "database": "read the database of hop3d",
    "key": "read the master key",
    "state": "read the desired state of the supervisor",
    "launcher": "read the launcher that starts it",
    "slot": "read the slots of another app",
    "tmp": "read a file in the host's /tmp",
}.items():

    def look(path=TARGETS["files"][name]):
        return read(path)

    look.__name__ = f"read-{name}"
    attempt(what)(look)


@attempt("read /etc/shadow")
def shadow():
    return read("/etc/shadow")


@attempt("read the settings of the host in /etc")
def etc():
    found = set(os.listdir("/etc"))
    assert "fstab" in found or "login.defs" in found or "cron.d" in found, "only what programs need"
    return f"{len(found)} names"


@attempt("read the names of the host's users")
def users():
    assert b"daemon:" in read("/etc/passwd", 4096), "only itself"
    return "all"


@attempt("look into /root, /home, /srv, /opt, /boot or /var/lib")
def homes():
    return any_of([lambda path=path: os.listdir(path) for path in ("/root", "/home", "/srv", "/opt", "/boot", "/var/lib/dpkg")])


@attempt("look into the directory of all apps")
def apps():
    names = os.listdir(TARGETS["apps"])
    assert len(names) > 1, "only its own"
    return str(names)


@attempt("write to the release that serves")
def release_write():
    path = TARGETS["tree"] + "/added"
    with open(path, "w"):
        os.unlink(path)
    return path


@attempt("make that writable by its modes")
def release_chmod():
    os.chmod(TARGETS["tree"], 0o755)
    return "changed"


@attempt("have a second name of a file of the release among its data")
def release_link():
    return linked(TARGETS["tree"] + "/file")


@attempt("have a second name of a setuid program among its data")
def setuid_link():
    return linked("/usr/bin/passwd" if os.path.exists("/usr/bin/passwd") else "/usr/bin/su")


def linked(path):
    # The same file system is the attacker's only hope; for root it is any directory beside it.
    place = os.path.dirname(path) if OUTSIDE else os.environ["HOME"]
    link = f"{place}/linked-{os.getpid()}"
    os.link(path, link)
    os.unlink(link)
    return link


@attempt("put a link where its logs are written")
def log_link():
    return placed(TARGETS["own"]["logs"])


@attempt("put a link in the place of its build log")
def build_log_link():
    return placed(os.path.dirname(TARGETS["own"]["buildLog"]))


@attempt("add to its own release records")
def records():
    return placed(TARGETS["own"]["releases"])


@attempt("exchange the directory of its data")
def exchange_data():
    data = TARGETS["own"]["data"]
    os.rename(data, data + ".old")
    os.rename(data + ".old", data)
    return "exchanged"


def placed(directory):
    link = f"{directory}/link-{os.getpid()}"
    os.symlink("/etc/shadow", link)
    os.unlink(link)
    return link


@attempt("become root by a setuid program of its own tree")
def setuid_own():
    told = subprocess.run([OWN + "/become", "-u"], capture_output=True, text=True, check=True).stdout.strip()
    assert told == "0", f"it runs as {told}"
    return told


@attempt("have new privileges by any program of the host's")
def new_privileges():
    assert b"NoNewPrivs:\t1" not in read("/proc/self/status", 8192), "none are given"
    return "they are"


@attempt("have powers by the capabilities of a file")
def file_capabilities():
    told = subprocess.run([OWN + "/capable", "/proc/self/status"], capture_output=True, text=True, check=True).stdout
    powers = [line.split()[1] for line in told.splitlines() if line.startswith("CapEff")][0]
    assert int(powers, 16) != 0, "none"
    return powers


@attempt("open a file by its number (open_by_handle_at)")
def file_handle():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128), 136)
    mount = ctypes.c_int()
    base = os.open(os.environ["HOME"], os.O_RDONLY)
    call((303, 264), base, b"", handle, ctypes.byref(mount), 0x1000)
    return call((304, 265), base, handle, os.O_RDONLY)


@attempt("make a device")
def device_made():
    path = f"{os.environ['HOME']}/null-{os.getpid()}"
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.unlink(path)
    return path


@attempt("open a disk, the memory or the log of the host in /dev")
def devices():
    names = [name for name in os.listdir("/dev") if name in ("mem", "kmsg", "port", "fuse", "kvm", "vda", "sda", "nvme0n1", "rtc0")]
    assert names, f"only {len(os.listdir('/dev'))} names"
    return any_of([lambda name=name: os.open(f"/dev/{name}", os.O_RDONLY) for name in names])


# Processes.


@attempt("see another app's process")
def process_seen():
    os.stat(f"/proc/{victim_pid()}")
    assert b"HOP3" in read(f"/proc/{victim_pid()}/environ", 8192), "it is another one"
    return "there"


@attempt("read another app's environment")
def process_environment():
    assert b"victim-secret" in read(f"/proc/{victim_pid()}/environ", 65536), "it is another one"
    return "read"


@attempt("see any process that is not its own")
def processes():
    others = [one for one in os.listdir("/proc") if one.isdigit() and os.stat(f"/proc/{one}").st_uid != os.getuid()]
    # The first is bwrap's, of which it may see no more than that.
    assert len(others) > 1 or (OUTSIDE and len(os.listdir("/proc")) > 20), f"only {others}"
    return str(len(others))


@attempt("signal another app's process")
def process_signal():
    os.kill(victim_pid(), 0)
    return "signalled"


@attempt("signal it by a descriptor (pidfd)")
def process_pidfd():
    return os.pidfd_open(victim_pid())


@attempt("trace another app's process")
def process_trace():
    return traced(victim_pid())


@attempt("read another app's memory")
def process_memory():
    buffer = ctypes.create_string_buffer(8)
    start = 0x1000
    for line in open(f"/proc/{victim_pid()}/maps"):
        start = int(line.split("-")[0], 16)
        break
    local, remote = struct.pack("PL", ctypes.addressof(buffer), 8), struct.pack("PL", start, 8)
    return call((310, 270), victim_pid(), local, 1, remote, 1, 0)


def traced(pid):
    call((101, 117), 0x4206, pid, 0, 0)
    with contextlib.suppress(OSError):
        call((101, 117), 0x4207, pid, 0, 0)
        os.waitpid(pid, 0)
    # A tracer that ends lets go.
    return pid


def above():
    """Whoever stands above it: bwrap inside, the supervisor outside."""
    return TARGETS["supervisor"] if OUTSIDE else 1


@attempt("trace the walls themselves")
def walls_trace():
    return traced(above())


@attempt("read the environment of what starts it")
def walls_environment():
    return read(f"/proc/{above()}/environ")


@attempt("pass through the root of what starts it (/proc/1/root)")
def walls_root():
    return os.listdir(f"/proc/{above()}/root/root")


@attempt("use a descriptor of what starts it (/proc/1/fd)")
def walls_descriptors():
    return os.listdir(f"/proc/{above()}/fd")


@attempt("enter the namespaces of what starts it")
def walls_namespaces():
    call((308, 268), os.open(f"/proc/{above()}/ns/mnt", os.O_RDONLY), 0)
    return "entered"


@attempt("write over the program that starts it (CVE-2019-5736)")
def walls_program():
    return any_of([lambda path=path: os.open(path, os.O_WRONLY) for path in ("/proc/1/exe", "/usr/bin/bwrap", "/usr/bin/setpriv")])


@attempt("use a descriptor that was left open (CVE-2024-21626)")
def inherited():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if int(name) > 2 and int(name) not in OURS and not target.startswith("/proc/"):
            found.append(f"{name} is {target}")
    assert found, "none but its own"
    return ", ".join(found)


@attempt("read what it writes to its own output, as the pump does", only=("web", "worker"))
def output_read():
    if OUTSIDE:
        return os.open(TARGETS["fifo"], os.O_RDONLY | os.O_NONBLOCK)
    return os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)


@attempt("forge the file that tells how it ended")
def status_file():
    return os.open(TARGETS["status"], os.O_WRONLY)


@attempt("become another app's user")
def other_user():
    os.setresuid(TARGETS["uid"], TARGETS["uid"], 0 if OUTSIDE else -1)
    return "it is"


@attempt("become a member of another group")
def other_group():
    os.setgroups([0])
    return "it is"


@attempt("have a capability left")
def capabilities():
    found = [line.split() for line in open("/proc/self/status") if line.startswith("Cap")]
    left = [name for name, mask in found if int(mask, 16) != 0]
    assert left, "none"
    return str(left)


@attempt("say that it is root to who asks for credentials")
def credentials():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    told = struct.pack("3i", 1, 0, 0) if OUTSIDE else struct.pack("3i", os.getpid(), 0, 0)
    return one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, told)])


@attempt("be more urgent than others (nice)")
def nice():
    return os.nice(-30)


@attempt("be a real-time process")
def real_time():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return "it is"


@attempt("raise its own limits")
def limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1000), min(hard, 1000)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
    return "raised"


@attempt("be spared when memory ends (oom_score_adj)")
def oom_score():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-900")
    return "spared"


# The kernel.


@attempt("get a user namespace")
def user_namespace():
    call((272, 97), 0x10000000)
    return "made"


@attempt("get a user namespace by clone")
def user_namespace_clone():
    pid = call((56, 220), 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


@attempt("get a user namespace by clone3")
def user_namespace_clone3():
    args = struct.pack("8Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call((435, 435), args, len(args))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


@attempt("get a mount namespace")
def mount_namespace():
    call((272, 97), 0x20000)
    return "made"


@attempt("mount something")
def mount():
    place = f"{os.environ['HOME']}/mounted-{os.getpid()}"
    os.mkdir(place)
    try:
        call((165, 40), b"none", place.encode(), b"tmpfs", 0, b"size=4k")
        call((166, 39), place.encode(), 2)
    finally:
        os.rmdir(place)
    return "mounted"


@attempt("mount by the newer calls (fsopen)")
def mount_newer():
    return call((430, 430), b"tmpfs", 0)


@attempt("take away what covers something (umount)")
def unmount():
    return allowed((166, 39), b"/nowhere", 0)


@attempt("build walls of its own around it (bwrap)")
def nested():
    return subprocess.run(["/usr/bin/bwrap", "--ro-bind", "/", "/", "/bin/true"], check=True, capture_output=True).returncode


@attempt("change its root")
def change_root():
    os.chroot("/usr")
    return "changed"


@attempt("use the keyring")
def keyring():
    return call((250, 219), 0, -3, 1)


@attempt("use BPF")
def bpf():
    return call((321, 280), 0, struct.pack("=4I", 2, 4, 4, 1) + bytes(60), 72)


@attempt("use io_uring")
def io_uring():
    return call((425, 425), 1, ctypes.create_string_buffer(120))


@attempt("use userfaultfd")
def userfault():
    return call((323, 282), 0)


@attempt("watch the processor (perf)")
def perf():
    return allowed((298, 241), bytes(128), 0, -1, -1, 0)


@attempt("load a kernel module")
def module():
    return allowed((175, 105), b"", 0, b"")


@attempt("load another kernel (kexec)")
def kexec():
    return allowed((246, 104), 0, 99999, 0, 0)


@attempt("restart the host")
def restart():
    # With a wrong magic number nothing comes of it.
    return allowed((169, 142), 1, 2, 3, 0)


@attempt("add swap")
def swap():
    return allowed((167, 224), b"/nowhere", 0)


@attempt("set the clock")
def clock():
    time.clock_settime(time.CLOCK_REALTIME, time.time())
    return "set"


@attempt("set the host's name")
def host_name():
    name = socket.gethostname().encode()
    call((170, 161), name, len(name))
    return "set"


@attempt("read the kernel's log by its call")
def kernel_log():
    return call((103, 116), 3, ctypes.create_string_buffer(64), 64)


@attempt("read the kernel's memory or log in /proc")
def kernel_files():
    return any_of([lambda path=path: os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in ("/proc/kcore", "/proc/kmsg")])


@attempt("see where the kernel lies")
def kernel_addresses():
    found = [line for line in open("/proc/kallsyms")][:50] if os.path.exists("/proc/kallsyms") else []
    assert any(int(line.split()[0], 16) for line in found), "all zero"
    return found[0]


@attempt("have a program of its own run as root when something crashes (core_pattern)")
def core_pattern():
    return os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)


@attempt("change another setting of the kernel")
def kernel_settings():
    return any_of([lambda path=path: os.open(path, os.O_WRONLY) for path in ("/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger")])


@attempt("see or change the hardware (/sys)")
def hardware():
    return os.listdir("/sys/class")


@attempt("type into its terminal (TIOCSTI)")
def terminal_typing():
    pid, fd = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, 0x5412, b"x")
        except OSError:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    assert status == 0, "Operation not permitted"
    return "typed"


@attempt("use the other system calls of the processor (32 bit)")
def other_calls():
    if ARM:
        raise OSError(errno.ENOSYS, "there are none")
    pid = os.fork()
    if pid == 0:
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3")  # getpid by int 0x80
        code = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
        os._exit(0 if code() == os.getpid() else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0, f"it ended with {status}"
    return "used"


@attempt("leave a core dump")
def core_dump():
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if OUTSIDE:
        return "whatever it may"
    assert hard > 1, f"of {hard} bytes at most"
    return str(hard)


# Network.

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
IN4, IN6, UNIX = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX


@attempt("reach another app's port (TCP)")
def port():
    return reached(IN4, TCP, ("127.0.0.1", TARGETS["ports"]["own"]))


@attempt("reach a port that another app has opened beside it")
def port_beside():
    return reached(IN4, TCP, ("127.0.0.1", TARGETS["ports"]["tcp"]))


@attempt("reach it by another address of the loopback")
def port_address():
    return reached(IN4, TCP, ("127.1.2.3", TARGETS["ports"]["any"]))


@attempt("reach another app's port over IPv6")
def port_six():
    return reached(IN6, TCP, ("::1", TARGETS["ports"]["tcp6"]))


@attempt("reach it by IPv4 within IPv6")
def port_mapped():
    return reached(IN6, TCP, ("::ffff:127.0.0.1", TARGETS["ports"]["tcp"]))


@attempt("reach it by multipath TCP")
def port_multipath():
    return reached(IN4, TCP, ("127.0.0.1", TARGETS["ports"]["tcp"]), 262)


@attempt("reach another app's port (UDP)")
def port_udp():
    return sent(IN4, ("127.0.0.1", TARGETS["ports"]["udp"]))


@attempt("reach another app's port by UDP over IPv6")
def port_udp_six():
    return sent(IN6, ("::1", TARGETS["ports"]["udp6"]))


@attempt("reach it by a broadcast")
def port_broadcast():
    return sent(IN4, ("127.255.255.255", TARGETS["ports"]["udpAny"]), [(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)])


for number in (8009, 8010, 5432):
    for family, host in ((IN4, "127.0.0.1"), (IN6, "::1")):

        def reach(family=family, host=host, number=number):
            return reached(family, TCP, (host, number))

        what = "the database of the host" if number == 5432 else "the API"
        reach.__name__ = f"{'database' if number == 5432 else 'api'}-{number}-{'4' if family == IN4 else '6'}"
        attempt(f"reach {what} on port {number} over IPv{'4' if family == IN4 else '6'}")(reach)


@attempt("read the machine's credentials of the cloud")
def metadata():
    return reached(IN4, TCP, ("169.254.169.254", 80))


for name, what in {
    "supervisor": "the supervisor",
    "caddy": "the edge's administration",
    "fence": "the edge's fence",
    "victim": "another app",
    "door": "another app, where the edge dials it",
    "database": "a database of the host",
}.items():

    def connect(path=TARGETS["sockets"][name]):
        with socket.socket(UNIX) as one:
            one.connect(path)
        return "connected"

    connect.__name__ = f"socket-{name}"
    attempt(f"connect to the socket of {what}")(connect)

for name in ("victim", "host"):

    def connect_abstract(name=name):
        return reached(UNIX, TCP, f"\0hop3-{name}")

    connect_abstract.__name__ = f"abstract-{name}"
    whose = "another app" if name == "victim" else "the host"
    attempt(f"connect to an abstract socket of {whose}")(connect_abstract)


@attempt("see which connections others have (/proc/net)")
def connections():
    return seen("/proc/net")


def seen(*directories):
    """The victim's sockets, with a name and by a port."""
    port = f":{TARGETS['ports']['tcp']:04X} "

    def look(path, what):
        with open(path) as file:
            assert any(what in line for line in file), "none"
        return path

    return any_of([lambda one=one: look(f"{directory}/{one[0]}", one[1]) for directory in directories for one in (("unix", "hop3-victim"), ("tcp", port))])


@attempt("see them as another process or thread does")
def connections_process():
    ways = [f"/proc/{one}/net" for one in (above(), "self", "thread-self", f"self/task/{threading.get_native_id()}")]
    return seen(*ways)


@attempt("see them from outside of the group that may not")
def connections_groups():
    os.setgroups([])
    return seen("/proc/net")


@attempt("see them with the groups that a user namespace leaves")
def connections_namespace():
    call((272, 97), 0x10000000)
    return seen("/proc/net")


@attempt("see them by a setgid program of its own tree, or one of the host's")
def connections_setgid():
    def told(*argv):
        out = subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL, start_new_session=True).stdout
        assert "hop3-victim" in out, "none"
        return argv[0]

    ways = (OWN + "/grouped", "/proc/net/unix"), ("/usr/bin/sg", "nogroup", "cat /proc/net/unix")
    return any_of([lambda way=way: told(*way) for way in ways])


@attempt("make them readable by their modes")
def connections_modes():
    # Outside it is left as it is.
    os.chmod("/proc/net/unix", stat.S_IMODE(os.stat("/proc/net/unix").st_mode) if OUTSIDE else 0o444)
    return seen("/proc/net")


@attempt("see them by the host's tools (ss)")
def connections_tools():
    told = subprocess.run(["/usr/bin/ss", "-xatn"], capture_output=True, text=True, check=True).stdout
    assert "hop3-victim" in told or f":{TARGETS['ports']['tcp']} " in told, "none"
    return "told"


@attempt("ask the kernel for all sockets (netlink)")
def all_sockets():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4).fileno()


@attempt("change the addresses of the host (netlink)")
def addresses():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as one:
        one.bind((0, 0))
        for kind in (20, 21):  # add, and take away again
            body = struct.pack("BBBBi", IN4, 32, 0, 254, 1) + struct.pack("HH4B", 8, 2, 127, 0, 0, 77) + struct.pack("HH4B", 8, 1, 127, 0, 0, 77)
            one.send(struct.pack("IHHII", 16 + len(body), kind, 5, 1, 0) + body)
            code = struct.unpack_from("i", one.recv(4096), 16)[0]
            if code != 0:
                raise OSError(-code, os.strerror(-code))
    return "changed"


@attempt("send raw packets")
def raw():
    return socket.socket(IN4, socket.SOCK_RAW, 1).fileno()


@attempt("listen to all packets")
def packets():
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3).fileno()


@attempt("speak to the hypervisor")
def hypervisor():
    return socket.socket(40, TCP).fileno()


@attempt("say that its packets are another's (SO_MARK)")
def packet_mark():
    socket.socket(IN4, UDP).setsockopt(socket.SOL_SOCKET, 36, TARGETS["uid"])
    return "said"


@attempt("take a port that is given to apps, as another's that is down")
def port_given():
    return any_of([lambda one=one: taken(*one) for one in ((IN4, "127.0.0.1"), (IN4, "0.0.0.0"), (IN6, "::1"), (IN6, "::ffff:127.0.0.1"))])


def taken(family, host):
    with socket.socket(family) as one:
        one.bind((host, TARGETS["ports"]["given"]))
        one.listen()
    return "taken"


@attempt("take a port of the system's")
def low_port():
    for number in (80, 443, 1):
        socket.socket().bind(("127.0.0.9", number))
    return "taken"


# What processes have in common.


@attempt("reach the host's shared memory (System V)")
def shared_memory():
    return call((29, 194), TARGETS["shm"], 0, 0)


@attempt("see another app's /dev/shm")
def shared_files():
    if OUTSIDE:
        return read(f"/proc/{victim_pid()}/root/dev/shm/victim-secret")
    return read("/dev/shm/victim-secret")


@attempt("see another app's /tmp")
def temporary_files():
    if OUTSIDE:
        return read(f"/proc/{victim_pid()}/root/tmp/victim-secret")
    return any_of([lambda path=path: read(path) for path in ("/tmp/victim-secret", "/var/tmp/victim-secret")])


# Cgroups.


@attempt("see the cgroups")
def cgroups():
    return os.listdir("/sys/fs/cgroup")


@attempt("leave its cgroup")
def cgroup_left():
    with open(TARGETS["cgroup"] + "/cgroup.procs", "w") as file:
        if not OUTSIDE:
            file.write(str(os.getpid()))
    return "left"


@attempt("raise the limits of its cgroup")
def cgroup_limits():
    return os.open(TARGETS["cgroupLimit"], os.O_WRONLY)


@attempt("have cgroups mounted")
def cgroup_mounted():
    place = f"{os.environ['HOME']}/cgroups-{os.getpid()}"
    os.mkdir(place)
    try:
        call((165, 40), b"none", place.encode(), b"cgroup2", 0, None)
        call((166, 39), place.encode(), 2)
    finally:
        os.rmdir(place)
    return "mounted"


# What it takes.


@attempt("have more processes than it may")
def fork_bomb():
    children = []
    try:
        for _ in range(TARGETS["most"]["processes"] + 50):
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
    return str(len(children))


@attempt("have more files open than it may")
def open_files():
    if OUTSIDE:
        resource.setrlimit(resource.RLIMIT_NOFILE, (TARGETS["most"]["openFiles"] + 50,) * 2)
    return str(len([os.open("/dev/null", os.O_RDONLY) for _ in range(TARGETS["most"]["openFiles"] + 10)]))


@attempt("take more memory than it may")
def memory():
    block = mmap.mmap(-1, TARGETS["most"]["memory"] + 64 * MEBI)
    block.madvise(mmap.MADV_POPULATE_WRITE if hasattr(mmap, "MADV_POPULATE_WRITE") else 23)
    return str(len(block))


@attempt("fill /tmp", only=("web", "worker", "release", "cron", "command", "terminal", "health"))
def fill_tmp():
    return filled("/tmp", TARGETS["most"]["temporary"])


@attempt("fill /dev/shm")
def fill_shm():
    return filled("/dev/shm", TARGETS["most"]["temporary"])


@attempt("fill the host's /run by the directory of its socket", only=("web", "health"))
def fill_run():
    return filled(TARGETS["run"] if OUTSIDE else os.path.dirname(os.environ["HOP3_SOCKET"]), 8 * MEBI)


def filled(directory, most):
    path = f"{directory}/filled-{os.getpid()}"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        os.posix_fallocate(fd, 0, most + MEBI)
    finally:
        os.close(fd)
        os.unlink(path)
    return path


OURS = set()


def attack(function):
    """Its verdict, from a process of its own that has ten seconds."""
    inside, outside = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(inside)
        OURS.add(outside)
        try:
            verdict = f"succeeded\t{function()}"
        except AssertionError as error:
            verdict = f"refused\t{error}"
        except OSError as error:
            verdict = f"refused\t{error.strerror or error}"
        except ValueError as error:
            verdict = f"refused\t{error}"
        except subprocess.CalledProcessError as error:
            verdict = f"refused\t{str(error.stderr).strip() or error}"
        except Exception as error:
            verdict = f"broken\t{type(error).__name__}: {error}"
        os.write(outside, verdict.replace("\n", " ")[:300].encode())
        os._exit(0)
    os.close(outside)
    timer = threading.Timer(10, lambda: os.kill(pid, signal.SIGKILL))
    timer.start()
    verdict = os.read(inside, 400).decode(errors="replace")
    os.close(inside)
    status = os.waitpid(pid, 0)[1]
    timer.cancel()
    return verdict or f"refused\tit was killed ({os.waitstatus_to_exitcode(status)})"


def main():
    with open(TARGETS["results"][STAGE] + ".draft", "w") as results:
        OURS.add(results.fileno())
        for name, what, function in attempts:
            line = f"{name}\t{attack(function)}\t{what}"
            print(line, flush=True)
            results.write(line + "\n")
            results.flush()
    # Whoever reads its log would take this for a word of the supervisor's.
    print("x\r2026-01-01T00:00:00.000Z sys forged\n2026-01-01T00:00:00.000Z sys forged", flush=True)
    os.rename(TARGETS["results"][STAGE] + ".draft", TARGETS["results"][STAGE])


main()
if STAGE in ("web", "worker"):
    time.sleep(1000)
