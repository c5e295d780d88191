/*
 * Asks one HTTP server again and again and says how long the answers took. In C, because a load loop in Node would take
 * more of the cores than the servers that are measured, and its timers and collections would be in their times.
 *
 *   drive ADDRESS CONNECTIONS RATE SECONDS KIND REQUESTS PIDS
 *
 * ADDRESS      path of a unix socket, or IPv4:PORT
 * RATE         requests a second on a timetable (an answer's time counts from when its request was due, so that a stall
 *              delays all that was due in it), or 0: each connection asks again as soon as it was answered
 * KIND         kept: connections are kept; new: a new one for each request; echo: WebSockets that are kept, on which
 *              a message of 64 bytes goes to and fro
 * REQUESTS     files, with commas between them, each a whole request; they take turns
 * PIDS         processes, with commas between them, whose time on a CPU is told, that of their ended threads among it
 *
 * stdout: one line of JSON; milliseconds and seconds. Good is a 200 with a content-length whose body came whole, or the
 * message that was sent. Nothing is tried twice.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define HEAD 16384
#define MOST 256
#define MESSAGE 64
#define GRACE 10000000000LL

typedef struct {
  char *bytes;
  size_t length;
} Text;

typedef struct {
  int fd; /* -1: not connected */
  int busy, headed;
  Text text;
  size_t sent, held;
  long long due, rest; /* nanoseconds; bytes of the body that are still to come */
  char head[HEAD + 1];
} Line;

static enum { KEPT, NEW, ECHO } kind;
static struct sockaddr_storage where;
static socklen_t whereLength;
static Text requests[MOST], message;
static int requestCount, nextRequest, poller, idle, underWay;
static Line **idleLines;
static unsigned *took;
static size_t good, room, failed, connects;
static char firstFailure[200];

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void stop(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}

static void drop(Line *line) {
  if (line->fd >= 0) close(line->fd);
  line->fd = -1;
}

static void settle(Line *line) {
  line->busy = 0;
  underWay--;
  idleLines[idle++] = line;
}

static void fail(Line *line, const char *why) {
  if (failed++ == 0) {
    snprintf(firstFailure, sizeof firstFailure, "%s %.100s", why, line->held > 0 ? line->head : "");
    for (char *c = firstFailure; *c; c++)
      if (*c < ' ' || *c == '"' || *c == '\\' || *c > '~') *c = ' ';
  }
  drop(line);
  settle(line);
}

static void succeed(Line *line) {
  if (good == room) {
    room = room ? room * 2 : 1 << 16;
    took = realloc(took, room * sizeof *took);
    if (!took) stop("memory");
  }
  took[good++] = (unsigned)((now() - line->due) / 1000);
  if (kind == NEW || (kind == KEPT && strcasestr(line->head, "\r\nconnection: close"))) drop(line);
  settle(line);
}

static void push(Line *line) {
  while (line->sent < line->text.length) {
    ssize_t n = send(line->fd, line->text.bytes + line->sent, line->text.length - line->sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return fail(line, strerror(errno));
    line->sent += (size_t)n;
  }
}

/* Waits for the answer to the upgrade; the messages that are timed come after it. */
static int upgrade(Line *line) {
  char head[HEAD + 1];
  size_t held = 0;
  Text text = requests[nextRequest++ % requestCount];
  if (send(line->fd, text.bytes, text.length, MSG_NOSIGNAL) != (ssize_t)text.length) return 0;
  for (;;) {
    ssize_t n = recv(line->fd, head + held, 1, 0);
    if (n <= 0 || held == HEAD - 1) return 0;
    head[++held] = 0;
    if (held >= 4 && !strcmp(head + held - 4, "\r\n\r\n")) return !strncmp(head, "HTTP/1.1 101", 12);
  }
}

static void ask(Line *line, long long due) {
  line->due = due;
  line->sent = line->held = 0;
  line->headed = 0;
  line->busy = 1;
  underWay++;
  if (line->fd < 0) {
    connects++;
    line->fd = socket(where.ss_family, SOCK_STREAM, 0);
    if (line->fd < 0) stop("socket");
    if (connect(line->fd, (struct sockaddr *)&where, whereLength) < 0) return fail(line, strerror(errno));
    if (kind == ECHO && !upgrade(line)) return fail(line, "no upgrade");
    fcntl(line->fd, F_SETFL, O_NONBLOCK);
    int one = 1;
    if (where.ss_family == AF_INET) setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = line};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, line->fd, &event) < 0) stop("epoll_ctl");
  }
  line->text = kind == ECHO ? message : requests[nextRequest++ % requestCount];
  push(line);
}

static void pull(Line *line) {
  static char rest[1 << 18];
  for (;;) {
    char *into = line->headed ? rest : line->head + line->held;
    ssize_t n = recv(line->fd, into, line->headed ? sizeof rest : HEAD - line->held, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      if (line->busy) return fail(line, n == 0 ? "closed before its answer" : strerror(errno));
      return drop(line);
    }
    if (!line->busy) return drop(line); /* it said what nobody had asked for */
    if (line->headed) {
      line->rest -= n;
    } else if (kind == ECHO) {
      line->held += (size_t)n;
      if (line->held < MESSAGE + 2) continue;
      /* The same bytes come back without a mask. */
      if (line->held > MESSAGE + 2 || memcmp(line->head + 2, message.bytes + 6, MESSAGE)) return fail(line, "not the same");
      return succeed(line);
    } else {
      line->held += (size_t)n;
      line->head[line->held] = 0;
      char *end = strstr(line->head, "\r\n\r\n");
      if (!end && line->held == HEAD) return fail(line, "a head without end");
      if (!end) continue;
      *end = 0;
      if (strncmp(line->head, "HTTP/1.1 200", 12) && strncmp(line->head, "HTTP/1.0 200", 12)) return fail(line, "not a 200:");
      char *length = strcasestr(line->head, "\r\ncontent-length:");
      if (!length) return fail(line, "no content-length:");
      line->headed = 1;
      line->rest = atoll(length + 17) - (long long)(line->head + line->held - (end + 4));
    }
    if (line->rest < 0) return fail(line, "more than its content-length");
    if (line->rest == 0) {
      if (line->sent < line->text.length) return fail(line, "answered before it was asked whole");
      return succeed(line);
    }
  }
}

/* The clock of another process's time on the CPUs, as clock_getcpuclockid(3) makes it. */
static double secondsOf(int pid) {
  struct timespec t;
  if (clock_gettime((clockid_t)(((unsigned)~pid << 3) | 2), &t) < 0) stop("the CPU clock of a process");
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double secondsOfAll(const int *pids, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += secondsOf(pids[i]);
  return sum;
}

static Text readFile(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat about;
  if (file < 0 || fstat(file, &about) < 0) stop(path);
  Text text = {.bytes = malloc((size_t)about.st_size), .length = (size_t)about.st_size};
  for (size_t n = 0; n < text.length;) {
    ssize_t got = read(file, text.bytes + n, text.length - n);
    if (got <= 0) stop(path);
    n += (size_t)got;
  }
  close(file);
  return text;
}

static void dial(char *address) {
  struct sockaddr_un *local = (struct sockaddr_un *)&where;
  struct sockaddr_in *remote = (struct sockaddr_in *)&where;
  char *colon = strrchr(address, ':');
  errno = EINVAL;
  if (address[0] == '/') {
    if (strlen(address) >= sizeof local->sun_path) stop(address);
    local->sun_family = AF_UNIX;
    strcpy(local->sun_path, address);
    whereLength = sizeof *local;
  } else {
    if (!colon) stop(address);
    *colon = 0;
    remote->sin_family = AF_INET;
    remote->sin_port = htons((unsigned short)atoi(colon + 1));
    if (inet_pton(AF_INET, address, &remote->sin_addr) != 1) stop(address);
    whereLength = sizeof *remote;
  }
}

static int ascending(const void *a, const void *b) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  return x < y ? -1 : x > y;
}

/* Milliseconds that this share of the good answers did not exceed; null is JSON's word for none. */
static void tell(const char *name, double share) {
  size_t at = (size_t)((double)good * share);
  if (good == 0) printf("\"%s\":null,", name);
  else printf("\"%s\":%.3f,", name, took[at < good ? at : good - 1] / 1e3);
}

int main(int argc, char **argv) {
  if (argc != 8) {
    fprintf(stderr, "usage: drive ADDRESS CONNECTIONS RATE SECONDS kept|new|echo REQUESTS PIDS\n");
    return 2;
  }
  int lineCount = atoi(argv[2]), pids[MOST], pidCount = 0;
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  kind = !strcmp(argv[5], "echo") ? ECHO : !strcmp(argv[5], "new") ? NEW : KEPT;
  dial(argv[1]);
  for (char *path = strtok(argv[6], ","); path && requestCount < MOST; path = strtok(NULL, ","))
    requests[requestCount++] = readFile(path);
  for (char *pid = strtok(argv[7], ","); pid && pidCount < MOST; pid = strtok(NULL, ",")) pids[pidCount++] = atoi(pid);
  /* A text message, masked with zeros. */
  message = (Text){.bytes = malloc(MESSAGE + 6), .length = MESSAGE + 6};
  memcpy(message.bytes, (char[]){(char)0x81, (char)(0x80 | MESSAGE), 0, 0, 0, 0}, 6);
  memset(message.bytes + 6, 'm', MESSAGE);

  prctl(PR_SET_TIMERSLACK, 1000);
  poller = epoll_create1(0);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event ticks = {.events = EPOLLIN, .data.ptr = NULL};
  if (poller < 0 || timer < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, timer, &ticks) < 0) stop("epoll");
  Line *lines = calloc((size_t)lineCount, sizeof *lines);
  idleLines = calloc((size_t)lineCount, sizeof *idleLines);
  /* The one that was answered last asks next, as a proxy's pool does it. */
  for (int i = lineCount - 1; i >= 0; i--) {
    lines[i].fd = -1;
    idleLines[idle++] = &lines[i];
  }

  double cpu = secondsOfAll(pids, pidCount);
  long long begin = now(), end = begin + (long long)(seconds * 1e9), next = begin, last = begin, asked = 0;
  for (;;) {
    long long at = now();
    int over = rate > 0 ? next >= end : at >= end;
    if ((over && underWay == 0) || at >= end + GRACE) break;
    /* Each idle connection once: one that fails at once must not hold this loop. */
    for (int turns = idle; turns > 0 && !over; turns--) {
      if (rate == 0) {
        ask(idleLines[--idle], at);
      } else {
        if (next > at || next >= end) break;
        ask(idleLines[--idle], next);
        next = begin + (long long)((double)++asked * 1e9 / rate);
      }
    }
    long long wake = rate > 0 && idle > 0 && next < end ? next : at < end ? end : end + GRACE;
    struct itimerspec then = {.it_value = {.tv_sec = wake / 1000000000LL, .tv_nsec = wake % 1000000000LL}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &then, NULL);
    struct epoll_event events[MOST];
    int n = epoll_wait(poller, events, MOST, -1);
    for (int i = 0; i < n; i++) {
      Line *line = events[i].data.ptr;
      if (!line || line->fd < 0) continue;
      if (line->busy && line->sent < line->text.length) push(line);
      if (line->fd >= 0 && (events[i].events & ~(unsigned)EPOLLOUT)) pull(line);
    }
    last = now();
  }
  cpu = secondsOfAll(pids, pidCount) - cpu;
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  if (good > 0) qsort(took, good, sizeof *took, ascending);
  printf("{");
  tell("p50", 0.5);
  tell("p95", 0.95);
  tell("p99", 0.99);
  tell("max", 1);
  printf("\"good\":%zu,\"failed\":%zu,\"connects\":%zu,\"seconds\":%.6f,\"cpu\":%.6f,\"own\":%.6f,\"firstFailure\":\"%s\"}\n", good,
         failed + (size_t)underWay, connects, (double)(last - begin) / 1e9, cpu,
         (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) + (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6,
         firstFailure);
  return 0;
}
