// The image's health check: exit code 0 if the server on this machine says that it is alive. Reads the same variables
// as the server. Plain JavaScript without packages, since it runs every few seconds beside the server.
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";

const port = process.env.SESSIOND_HTTP_PORT || "8080";
const tls = Boolean(process.env.SESSIOND_TLS_CERT);
const get = tls ? getHttps : getHttp;
// The certificate is made out to the server's public name, and the answer comes from this machine.
const options = { host: "127.0.0.1", port, path: "/healthz", timeout: 4_000, rejectUnauthorized: false };

const request = get(options, (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
});
request.on("timeout", () => request.destroy(new Error("no answer within 4 s")));
request.on("error", (error) => fail(error.message));

function fail(why) {
  console.error(`/healthz on port ${port}: ${why}`);
  process.exitCode = 1;
}
