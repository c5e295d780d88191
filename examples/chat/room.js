// The room: who is in it, and what was said lately. It knows nothing of HTTP or sockets.

const remembered = 50;

export function createRoom() {
  const members = new Map(); // name -> function that hands a message to them
  const watchers = new Set(); // functions (event, data)
  const messages = [];

  const tell = (event, data) => {
    for (const watcher of watchers) watcher(event, data);
  };
  const tellPresence = () => tell("presence", { here: members.size });

  return {
    size: () => members.size,

    /** Adds a member under a name that nobody else has; `deliver` gets every message, first those said before. */
    join(wanted, deliver) {
      let name = wanted;
      for (let n = 2; members.has(name); n += 1) name = `${wanted} ${n}`;
      members.set(name, deliver);
      for (const message of messages) deliver(message);
      tell("joined", { name });
      tellPresence();
      return {
        name,
        say(text) {
          const message = { from: name, text, at: new Date().toISOString() };
          messages.push(message);
          if (messages.length > remembered) messages.shift();
          for (const member of members.values()) member(message);
        },
        leave() {
          if (!members.delete(name)) return;
          tell("left", { name });
          tellPresence();
        },
      };
    },

    /** Calls `send` for everything that happens from now on; returns a function that stops it. */
    watch(send) {
      watchers.add(send);
      send("presence", { here: members.size });
      return () => watchers.delete(send);
    },
  };
}
