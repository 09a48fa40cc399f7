// A subscriber independent of our code: the Standard Webhooks library verifies what the stack sends.
//
//   ORDERMILL_MILL   path of the built `mill`, which then runs on a free port with everything in memory

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test, { after } from "node:test";

import { Webhook } from "standardwebhooks";

import { startStack } from "./support/stack.mjs";

const { ORDERMILL_MILL: mill } = process.env;
const skip = mill ? false : "needs ORDERMILL_MILL (the built binary)";
const HEADERS = { authorization: "Bearer demo-bearer-token", "content-type": "application/json" };

/** Starts a subscriber; returns its URL and the calls it has received. */
async function subscriber() {
  const calls = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    calls.push({ body, headers: request.headers });
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return { calls, url: `http://127.0.0.1:${server.address().port}/` };
}

test("deliveries pass the library's verification", { skip }, async () => {
  const stack = await startStack(mill, ["AllowLoopbackWebhooks=true"]);
  const { calls, url } = await subscriber();
  const post = async (path, body) => {
    const reply = await fetch(`${stack}/webhook/v1/subscriptions${path}`, { method: "POST", headers: HEADERS, body });
    assert.ok(reply.ok, await reply.clone().text());
    return reply.json();
  };
  const { subscription } = await post("", JSON.stringify({ url, events: ["OrderCreation"] }));
  const { subscription: rotated } = await post(`/${subscription.id}/rotateSecret`, "{}");
  const tested = await post(`/${subscription.id}/test`);
  assert.equal(tested.isDelivered, true);
  const [{ body, headers }] = calls;
  assert.equal(headers["webhook-id"], tested.webhookId);
  // Both secrets are valid for a day.
  for (const { secret } of [subscription, rotated]) {
    assert.equal(new Webhook(secret).verify(body, headers).EventType, "Test");
  }
  assert.throws(() => new Webhook(rotated.secret).verify(`${body} `, headers));
  assert.throws(() => new Webhook(rotated.secret).verify(body, { ...headers, "webhook-id": "msg_other" }));
  assert.throws(() => new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(body, headers));
});
