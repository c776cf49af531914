/** The real server with real clients: what the tests of this folder are written against. */
export * from "./harness/clients.ts";
export * from "./harness/data.ts";
export * from "./harness/failure.ts";
export * from "./harness/samples.ts";
export * from "./harness/server.ts";
export * from "./harness/suite.ts";
