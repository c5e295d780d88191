import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage, type RequestOptions } from "node:http";
import { connect, createServer } from "node:net";
import { test, type TestContext } from "node:test";
import { openCallback, type Callback } from "./login-callback.ts";

const state = "a-state-of-this-login";

type Answer = { readonly status: number | undefined; readonly head: IncomingMessage["headers"]; readonly body: string };

async function ask(callback: Callback, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { port, hostname } = new URL(callback.redirect);
  const sent = request({ host: hostname, port, path, agent: false, ...options }).end();
  // One that is believed waits for the login to end: the test must not.
  sent.setTimeout(5000, () => sent.destroy(new Error(`${path.slice(0, 80)} was believed`)));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response as AsyncIterable<Buffer>) body += chunk.toString();
  return { status: response.statusCode, head: response.headers, body };
}

async function open(t: TestContext): Promise<Callback> {
  const callback = await openCallback(0);
  t.after(() => callback.close());
  return callback;
}

test("the browser's answer is taken once, and its page says how the login ended", async (t) => {
  const callback = await open(t);
  assert.match(callback.redirect, /^http:\/\/127\.0\.0\.1:[0-9]+\/callback$/);
  const came = callback.wait(state, new AbortController().signal);
  const browser = ask(callback, `/callback?code=c&state=${state}`);
  assert.equal(await came, `?code=c&state=${state}`);
  assert.equal((await ask(callback, `/callback?code=d&state=${state}`)).status, 410);
  await callback.show("done");
  const { status, body } = await browser;
  assert.equal(status, 200);
  assert.match(body, /You are logged in/);
});

test("a browser that has gone meanwhile is not waited for", async (t) => {
  const callback = await open(t);
  const came = callback.wait(state, new AbortController().signal);
  const { port, hostname } = new URL(callback.redirect);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /callback?code=c&state=${state} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  await came;
  socket.destroy();
  await once(socket, "close");
  await callback.show("failed");
});

test("what any page or program of this machine sends is not believed", async (t) => {
  const callback = await open(t);
  const { host } = new URL(callback.redirect);
  const good = `/callback?code=c&state=${state}`;
  assert.equal((await ask(callback, good)).status, 404, "nobody waits yet");
  let came = false;
  const stop = new AbortController();
  const waiting = callback.wait(state, stop.signal).then(
    () => (came = true),
    () => undefined,
  );
  const forged: [string, RequestOptions?][] = [
    ["/"],
    ["/favicon.ico"],
    ["/callback"],
    ["/callback?"],
    ["/callback?code=c"],
    ["/callback?code=c&state="],
    ["/callback?code=c&state=other"],
    [`/callback?code=c&state=${state}&state=other`],
    [`/callback?code=c&state=${state}x`],
    [`/callback/?code=c&state=${state}`],
    [`/x/../callback?code=c&state=${state}`],
    [`http://${host}/callback?code=c&state=${state}`],
    [`/callback?code=${"c".repeat(9000)}&state=${state}`],
    [good, { method: "POST" }],
    [good, { method: "HEAD" }],
    [good, { headers: { host: "evil.example.com" } }],
    [good, { headers: { host: host.replace("127.0.0.1", "localhost") } }],
    [good, { headers: { host: "127.0.0.1" } }],
  ];
  for (const [path, options] of forged) {
    assert.equal((await ask(callback, path, options)).status, 404, `${path.slice(0, 80)} ${JSON.stringify(options)}`);
  }
  assert.equal(came, false);
  stop.abort();
  await waiting;
});

test("its pages are fixed text that no browser runs anything in, whatever was sent (E37)", async (t) => {
  const callback = await open(t);
  const came = callback.wait(state, new AbortController().signal);
  const script = "<script>alert(1)</script>";
  const hostile = `code=${encodeURIComponent(script)}&error=${script}&error_description=${script}&state=${state}`;
  const first = ask(callback, `/callback?${hostile}`);
  await came;
  await callback.show("failed");
  const answers = [await first, await ask(callback, `/callback?${hostile}`), await ask(callback, `/${script}`)];
  for (const { body, head } of answers) {
    assert.ok(!/script|alert|code=|javascript|onerror/i.test(body), body);
    assert.equal(
      head["content-security-policy"],
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal(head["content-type"], "text/html; charset=utf-8");
    assert.equal(head["x-content-type-options"], "nosniff");
    assert.equal(head["referrer-policy"], "no-referrer");
    assert.equal(head["cache-control"], "no-store");
    assert.equal(head["access-control-allow-origin"], undefined);
    assert.equal(head["location"], undefined);
  }
  assert.deepEqual(
    answers.map(({ body }) => body.replace(/^.*<h1>(.*)<\/h1>.*\n$/, "$1")),
    ["You are not logged in.", "This login has ended.", "There is nothing here."],
  );
});

test("waiting ends when it is told to, and a port that is taken is said to be", async (t) => {
  const callback = await open(t);
  const stop = new AbortController();
  const waiting = callback.wait(state, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(callback.wait(state, stop.signal), /enough/);

  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  await assert.rejects(openCallback(port), { code: "UNAVAILABLE", message: new RegExp(`Port ${port} is taken`) });
});
