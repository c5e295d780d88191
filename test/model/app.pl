# The app of the model test, in a language that starts in 10 ms. Says who it is to whoever connects. Words of the command
# line: unix or tcp; late (listens after 300 ms); deaf-to-term; children (leaves some in other sessions, and zombies);
# dies (after 400 ms); loud (2 MB a second, for two seconds).
use strict;
use Socket;
use IO::Handle;
my %is = map { $_ => 1 } @ARGV;
my $me = $ENV{HOP3_INSTANCE} // 'none';
STDOUT->autoflush(1);
$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = 'IGNORE' if $is{'deaf-to-term'};
print "begins $me\n";
if ($is{children}) {
  # A grandchild in a session of its own, and a child that nobody asks after.
  if (fork() == 0) { if (fork() == 0) { exec 'setsid', 'sleep', '1000' } exit 0 }
  if (fork() == 0) { exit 0 }
}
if ($is{dies}) { select undef, undef, undef, 0.4; exit 1 }
if ($is{loud}) { for (1 .. 40) { print 'x' x 99, "\n" for 1 .. 1000; select undef, undef, undef, 0.05 } }
select undef, undef, undef, 0.3 if $is{late};
if (!$is{unix} && !$is{tcp}) { sleep 1000 while 1 }
my $server;
if ($is{unix}) {
  socket $server, PF_UNIX, SOCK_STREAM, 0 or die $!;
  bind $server, sockaddr_un($ENV{HOP3_SOCKET}) or die $!;
} else {
  socket $server, PF_INET, SOCK_STREAM, 0 or die $!;
  setsockopt $server, SOL_SOCKET, SO_REUSEADDR, 1;
  bind $server, sockaddr_in($ENV{PORT}, INADDR_LOOPBACK) or die $!;
}
listen $server, 50 or die $!;
# A word from whoever connects: close (the socket, and go on running), or hold (the connection).
my @held;
while (1) {
  accept my $client, $server or next;
  $client->autoflush(1);
  my $word = <$client> // '';
  print $client "$me\n";
  if ($word =~ /^hold/) { push @held, $client; next }
  close $client;
  if ($word =~ /^close/) { close $server; sleep 1000 while 1 }
}
