/** Checks Upstash's own client against the front at URL with TOKEN; prints how many calls behaved as expected. */

import strict from "node:assert/strict";
import { createHash } from "node:crypto";
import { Redis } from "@upstash/redis";

const redis = new Redis({ url: process.env.URL, token: process.env.TOKEN, retry: false });

let checks = 0;

// Counts the assertions. One that fails ends the program.
const assert = new Proxy(strict, {
  get: (target, name) => (...values) => {
    checks += 1;
    return target[name](...values);
  },
});

async function strings() {
  assert.equal(await redis.set("greeting", "grüße\n☃"), "OK");
  assert.equal(await redis.get("greeting"), "grüße\n☃");
  assert.equal(await redis.get("absent"), null);
  await redis.set("object", { a: [1, "b", null] });
  assert.deepEqual(await redis.get("object"), { a: [1, "b", null] });
  await redis.set("word", "OK");
  assert.equal(await redis.get("word"), "OK");
  assert.deepEqual(await redis.mget("word", "absent"), ["OK", null]);
  assert.equal(await redis.ping(), "PONG");
  await assert.rejects(redis.incr("word"), /ERR value is not an integer/);
}

async function batches() {
  const pipeline = redis.pipeline().set("n", 1).incr("n").get("n");
  assert.deepEqual(await pipeline.exec(), ["OK", 2, 2]);
  const failing = redis.pipeline().incr("word").incr("n");
  const entries = await failing.exec({ keepErrors: true });
  assert.match(entries[0].error, /ERR value is not an integer/);
  assert.equal(entries[1].result, 3);
  assert.deepEqual(await redis.multi().incr("n").get("n").exec(), [4, 4]);
}

async function scripts() {
  const script = "#!lua flags=allow-key-locking\nreturn {KEYS[1], ARGV[1], 7}";
  const sha = createHash("sha1").update(script).digest("hex");
  await assert.rejects(redis.evalsha(sha, ["k"], ["v"]), /NOSCRIPT/);
  assert.deepEqual(await redis.eval(script, ["k"], ["v"]), ["k", "v", 7]);
  assert.deepEqual(await redis.evalsha(sha, ["k"], ["v"]), ["k", "v", 7]);
  assert.equal(await redis.scriptLoad(script), sha);
  assert.deepEqual(await redis.createScript(script).exec(["k"], ["w"]), ["k", "w", 7]);
}

async function collections() {
  assert.equal(await redis.hset("hash", { a: 1, b: "two" }), 2);
  assert.deepEqual(await redis.hgetall("hash"), { a: 1, b: "two" });
  await redis.zadd("zset", { score: 1.5, member: "x" }, { score: 2, member: "y" });
  const range = await redis.zrange("zset", 0, -1, { withScores: true });
  assert.deepEqual(range, ["x", 1.5, "y", 2]);
}

async function subscriptions() {
  const subscription = redis.subscribe("news");
  const subscribed = new Promise((resolve) => subscription.on("subscribe", resolve));
  const received = new Promise((resolve) => subscription.on("message", resolve));
  assert.equal(await subscribed, 1);
  assert.equal(await redis.publish("news", { hello: "you" }), 1);
  assert.deepEqual(await received, { channel: "news", message: { hello: "you" } });
  await subscription.unsubscribe();
}

await strings();
await batches();
await subscriptions();
await scripts();
await collections();
console.log(`${checks} of ${checks} checks passed`);
