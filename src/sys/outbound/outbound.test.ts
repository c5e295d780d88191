import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { AppError, type ErrorCode } from "#core/errors.ts";
import { parseNetworks } from "#core/networks.ts";
import { fetchUrl, type FetchOptions } from "./fetch-url.ts";
import { lookupHost, pinnedAddress, type OutboundRules } from "./pinned-address.ts";
import { openWayOut, type WayOut } from "./way-out.ts";

const loopback: OutboundRules = { allowed: parseNetworks("127.0.0.0/8", "X"), lookup: lookupHost };
const nowhere: OutboundRules = { allowed: parseNetworks("", "X"), lookup: lookupHost };
const never = new AbortController().signal;

const code =
  (wanted: ErrorCode, words?: RegExp) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === wanted && (words === undefined || words.test(error.message));

async function serving<Result>(listener: RequestListener, work: (origin: string, port: number) => Promise<Result>) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await work(`http://127.0.0.1:${port}`, port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const fetchAll = async (url: string, options: Partial<FetchOptions> = {}) => {
  const { body, bytes } = await fetchUrl(url, { rules: loopback, bytes: 1000, signal: never, ...options });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { text: Buffer.concat(chunks).toString(), bytes };
};

describe("the address of what users name", () => {
  const answers = (...addresses: string[]): OutboundRules => ({ ...nowhere, lookup: async () => addresses });

  for (const host of [
    "127.0.0.1",
    "[::1]",
    "169.254.169.254",
    "10.0.0.1",
    "[fd00:ec2::254]",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",
  ]) {
    it(`${host} is refused`, () => assert.rejects(pinnedAddress(host, nowhere), code("SOURCE_REFUSED")));
  }

  it("a name that leads to this host is refused, by whatever way it is written", async () => {
    for (const name of ["localhost", "2130706433", "127.1"]) {
      await assert.rejects(pinnedAddress(name, nowhere), code("SOURCE_REFUSED"), name);
    }
  });

  it("a name with a near address among public ones is refused, and which one it was is not said", async () => {
    await assert.rejects(pinnedAddress("git.example.com", answers("1.1.1.1", "10.9.8.7")), (error: unknown) => {
      return code("SOURCE_REFUSED")(error) && !(error as AppError).message.includes("10.9");
    });
  });

  it("a public one is pinned, and so is what the operator allows", async () => {
    assert.equal(await pinnedAddress("git.example.com", answers("1.1.1.1", "2606:4700::1111")), "1.1.1.1");
    assert.equal(
      await pinnedAddress("git.example.com", { ...answers("10.1.2.3"), allowed: parseNetworks("10.1.0.0/16", "X") }),
      "10.1.2.3",
    );
  });

  it("a name that nobody knows, or that has no address, is said", async () => {
    await assert.rejects(pinnedAddress("nobody.invalid", nowhere), code("SOURCE_FAILED", /cannot be resolved/));
    await assert.rejects(pinnedAddress("empty.example.com", answers()), code("SOURCE_FAILED", /no address/));
  });
});

describe("fetching an address", () => {
  it("gives the bytes, and how many were announced", async () => {
    await serving(
      (_, response) => response.setHeader("content-length", 5).end("hello"),
      async (origin) => assert.deepEqual(await fetchAll(`${origin}/x.tar`), { text: "hello", bytes: 5 }),
    );
  });

  it("connects to the address that was looked at, though the name leads elsewhere a moment later", async () => {
    let asked = 0;
    const rules: OutboundRules = { ...loopback, lookup: async () => [asked++ === 0 ? "127.0.0.1" : "10.0.0.1"] };
    await serving(
      (request, response) => response.end(request.headers.host),
      async (_, port) => {
        const got = await fetchAll(`http://rebinding.example.com:${port}/`, { rules });
        assert.equal(got.text, `rebinding.example.com:${port}`);
        assert.equal(asked, 1);
      },
    );
  });

  it("never asks a near server at all", async () => {
    let requests = 0;
    await serving(
      (_, response) => {
        requests += 1;
        response.end();
      },
      async (origin) => {
        await assert.rejects(fetchAll(origin, { rules: nowhere }), code("SOURCE_REFUSED"));
        await assert.rejects(
          fetchAll(origin.replace("127.0.0.1", "localhost"), { rules: nowhere }),
          code("SOURCE_REFUSED"),
        );
        await assert.rejects(fetchAll(origin.replace("http:", "https:"), { rules: nowhere }), code("SOURCE_REFUSED"));
      },
    );
    assert.equal(requests, 0);
  });

  it("looks at each redirect: to a near address, another scheme, in a circle, to a user", async () => {
    let next = "";
    await serving(
      (request, response) =>
        request.url === "/end" ? response.end("here") : response.writeHead(302, { location: next }).end(),
      async (origin, port) => {
        next = "/end";
        assert.equal((await fetchAll(`${origin}/start`)).text, "here");
        next = `http://10.0.0.1:${port}/`;
        await assert.rejects(fetchAll(`${origin}/start`), code("SOURCE_REFUSED", /"10.0.0.1" is not on the public/));
        next = "file:///etc/passwd";
        await assert.rejects(fetchAll(`${origin}/start`), code("SOURCE_REFUSED", /redirects from http: to "file:"/));
        next = "https://example.com/";
        await assert.rejects(fetchAll(`${origin}/start`), code("SOURCE_REFUSED", /redirects from http: to "https:"/));
        next = "/start";
        await assert.rejects(fetchAll(`${origin}/start`), code("SOURCE_FAILED", /more than 5 times/));
        next = `http://u:secret@127.0.0.1:${port}/end`;
        await assert.rejects(fetchAll(`${origin}/start`), (error: unknown) => {
          return code("SOURCE_REFUSED")(error) && !(error as AppError).message.includes("secret");
        });
      },
    );
  });

  it("ends at its limit, announced or not", async () => {
    await serving(
      (request, response) => {
        if (request.url === "/said") response.setHeader("content-length", 2000);
        response.end("x".repeat(2000));
      },
      async (origin) => {
        await assert.rejects(fetchAll(`${origin}/said`), code("TOO_LARGE"));
        await assert.rejects(fetchAll(`${origin}/chunked`), code("TOO_LARGE"));
      },
    );
  });

  it("waits for nobody who sends nothing, and ends with its signal", async () => {
    await serving(
      () => undefined,
      async (origin) => {
        await assert.rejects(fetchAll(origin, { idleMs: 50 }), code("SOURCE_FAILED", /cannot be fetched/));
        const stop = new AbortController();
        const reason = new AppError("CANCELED", "Deploy 3 was canceled.");
        const fetched = fetchAll(origin, { signal: stop.signal });
        setImmediate(() => stop.abort(reason));
        await assert.rejects(fetched, reason);
      },
    );
  });

  it("says what breaks off in the middle", async () => {
    await serving(
      (_, response) => {
        response.writeHead(200, { "content-length": "10" });
        response.write("half", () => response.destroy());
      },
      async (origin) => assert.rejects(fetchAll(origin), code("SOURCE_FAILED", /cannot be fetched \(ECONNRESET\)/)),
    );
  });

  it("shows no query and no control characters of an address", async () => {
    await serving(
      (_, response) => response.writeHead(404).end(),
      async (origin) => {
        await assert.rejects(fetchAll(`${origin}/a%1b/x.tgz?signature=s3cret`), (error: unknown) => {
          return (
            code("SOURCE_FAILED", /\/a%1b\/x.tgz answered 404/)(error) &&
            !(error as AppError).message.includes("s3cret")
          );
        });
      },
    );
  });

  for (const url of [
    "",
    "file:///etc/passwd",
    "ftp://example.com/x",
    "x.tar.gz",
    "gopher://127.0.0.1",
    `https://e.com/${"a".repeat(3000)}`,
  ]) {
    it(`${JSON.stringify(url.slice(0, 30))} is no address to fetch from`, () =>
      assert.rejects(fetchAll(url), code("SOURCE_REFUSED")));
  }
});

describe("the way out of a program", () => {
  const ask = async (wayOut: string, lines: string): Promise<string> => {
    const { port } = new URL(wayOut);
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.write(lines);
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const closing = (way: WayOut): WayOut & Disposable => ({ ...way, [Symbol.dispose]: () => way.close() });
  const login = (wayOut: string) =>
    `proxy-authorization: Basic ${Buffer.from(`hop3:${new URL(wayOut).password}`).toString("base64")}\r\n`;

  it("lets nobody through without its secret", async () => {
    using way = closing(await openWayOut(loopback));
    assert.match(await ask(way.url, "CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: x\r\n\r\n"), /^HTTP\/1.1 407/);
    assert.match(
      await ask(way.url, "GET http://127.0.0.1:1/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
      /^HTTP\/1.1 407/,
    );
    assert.equal(way.refusal(), undefined);
  });

  it("tunnels to what may be reached, and forwards clear text to allowed networks alone", async () => {
    await serving(
      (request, response) =>
        response.end(`you asked ${request.url} with ${request.headers["proxy-authorization"] ?? "no secret"}`),
      async (_, port) => {
        using way = closing(await openWayOut(loopback));
        const request = "GET /in HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        const tunneled = await ask(
          way.url,
          `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nhost: x\r\n${login(way.url)}\r\n${request}`,
        );
        assert.match(tunneled, /^HTTP\/1.1 200[\s\S]*you asked \/in with no secret/);
        const forwarded = await ask(
          way.url,
          `GET http://127.0.0.1:${port}/f?q=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${login(way.url)}\r\n`,
        );
        assert.match(forwarded, /^HTTP\/1.1 200[\s\S]*you asked \/f\?q=1 with no secret/);
      },
    );
  });

  it("refuses a near address, and remembers why", async () => {
    for (const line of [
      "CONNECT 10.0.0.1:443",
      "CONNECT localhost:22",
      "GET http://169.254.169.254/latest/meta-data/",
    ]) {
      using way = closing(await openWayOut(nowhere));
      const answer = await ask(way.url, `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${login(way.url)}\r\n`);
      assert.match(answer, /^HTTP\/1.1 403/, line);
      assert.ok(code("SOURCE_REFUSED")(way.refusal()), line);
    }
  });
});
