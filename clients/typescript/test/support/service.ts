/** A service on the server that all tests of a run share, and what tests want of it. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after } from "node:test";
import type { Event, GetSessionConfig, Session } from "@google/adk";
import { createEvent, createEventActions } from "@google/adk";
import { type Options, SessiondSessionService } from "sessiond-client/adk";

/** Where the run's server listens; run-tests starts it. */
export const target = process.env["SESSIOND_TEST_TARGET"] ?? "localhost:50051";

/** A service that is closed after the tests of the file. */
export function newService(options: Options = {}, to: string = target): SessiondSessionService {
  const service = new SessiondSessionService(to, options);
  after(() => service.close());
  return service;
}

/** An app that no other test uses. */
export function newApp(): string {
  return `app-${randomUUID()}`;
}

/** A new session of a new app. */
export function newSession(
  service: SessiondSessionService,
  state?: Record<string, unknown>,
): Promise<Session> {
  return service.createSession({ appName: newApp(), userId: "u", ...(state === undefined ? {} : { state }) });
}

/** The stored session of an object. */
export async function read(
  service: SessiondSessionService,
  session: Session,
  config?: GetSessionConfig,
): Promise<Session> {
  const { appName, userId, id: sessionId } = session;
  const found = await service.getSession({ appName, userId, sessionId, ...(config ? { config } : {}) });
  assert.ok(found, "there is no such session");
  return found;
}

/** An event that sets state. */
export function stateEvent(stateDelta: Record<string, unknown>, fields: Partial<Event> = {}): Event {
  return createEvent({ author: "u", ...fields, actions: createEventActions({ stateDelta }) });
}

/** A copy that shows what a program can see: without prototypes and symbols, and with undefined as absent. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, plain(each)]),
  );
}

/** All that a generator gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
