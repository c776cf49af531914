/** The real server with real clients: what the tests of this folder are written against. */
export * from "./harness/clients.ts";
export * from "./harness/data.ts";
export { activeQueries, dump, runSql } from "./harness/database.ts";
export { deafProxy } from "./harness/deaf-proxy.ts";
export * from "./harness/failure.ts";
export { grpcTransport } from "./harness/grpc-transport.ts";
export { loadHistory } from "./harness/history.ts";
export { type RawGrpc, rawGrpc, rawHttp } from "./harness/raw.ts";
export * from "./harness/samples.ts";
export * from "./harness/server.ts";
export { type StoppedReader, stopReading, stopWatching } from "./harness/stopped-reader.ts";
export * from "./harness/suite.ts";
export * from "./harness/write-lock.ts";
