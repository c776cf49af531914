/** Puts stored events, which are encoded already, into the messages that carry them. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  EventsFrameSchema,
  GetSessionResponseSchema,
  ListEventsResponseSchema,
  StreamEventsResponseSchema,
} from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { StoredEvent } from "../../store/stored-event.ts";
import { EncodedMessage } from "../encoded-message.ts";

/** Tags of length-delimited fields, each of one byte. */
const SESSION_EVENTS_TAG = (GetSessionResponseSchema.field.events.number << 3) | 2;
const PAGE_EVENTS_TAG = (ListEventsResponseSchema.field.events.number << 3) | 2;
const FRAME_EVENTS_TAG = (EventsFrameSchema.field.events.number << 3) | 2;
const FRAME_TAG = (StreamEventsResponseSchema.field.events.number << 3) | 2;

/** What an event takes in an answer, a page or a frame, in bytes. */
export function eventFieldBytes({ message }: StoredEvent): number {
  return 1 + varintBytes(message.length) + message.length;
}

/** A page: its events, then what else it says. */
export function encodePage(
  events: readonly StoredEvent[],
  rest: MessageInitShape<typeof ListEventsResponseSchema>,
): EncodedMessage {
  const bytes = toBinary(ListEventsResponseSchema, create(ListEventsResponseSchema, rest));
  return encodeWithEvents(PAGE_EVENTS_TAG, events, bytes);
}

/** A session with events of its history. */
export function encodeSession(
  events: readonly StoredEvent[],
  rest: MessageInitShape<typeof GetSessionResponseSchema>,
): EncodedMessage {
  const bytes = toBinary(GetSessionResponseSchema, create(GetSessionResponseSchema, rest));
  return encodeWithEvents(SESSION_EVENTS_TAG, events, bytes);
}

/** A frame of events: the frame's own fields, then the events. */
export function encodeFrame(
  events: readonly StoredEvent[],
  continues: boolean,
  rest: MessageInitShape<typeof StreamEventsResponseSchema>,
): EncodedMessage {
  const head = toBinary(StreamEventsResponseSchema, create(StreamEventsResponseSchema, rest));
  const tail = toBinary(EventsFrameSchema, create(EventsFrameSchema, { continues }));
  const frameBytes = fieldsBytes(events) + tail.length;
  const bytes = Buffer.allocUnsafe(head.length + 1 + varintBytes(frameBytes) + frameBytes);
  bytes.set(head, 0);
  bytes[head.length] = FRAME_TAG;
  const from = putVarint(bytes, head.length + 1, frameBytes);
  bytes.set(tail, putEvents(bytes, from, FRAME_EVENTS_TAG, events));
  return new EncodedMessage(bytes);
}

/** The fields of a message in any order are the message. */
function encodeWithEvents(tag: number, events: readonly StoredEvent[], rest: Uint8Array): EncodedMessage {
  const bytes = Buffer.allocUnsafe(fieldsBytes(events) + rest.length);
  bytes.set(rest, putEvents(bytes, 0, tag, events));
  return new EncodedMessage(bytes);
}

function fieldsBytes(events: readonly StoredEvent[]): number {
  let sum = 0;
  for (const event of events) sum += eventFieldBytes(event);
  return sum;
}

/** Where the next field begins. */
function putEvents(to: Buffer, from: number, tag: number, events: readonly StoredEvent[]): number {
  let at = from;
  for (const { message } of events) {
    to[at] = tag;
    at = putVarint(to, at + 1, message.length);
    to.set(message, at);
    at += message.length;
  }
  return at;
}

function putVarint(to: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest > 127; rest >>>= 7) to[at++] = (rest & 127) | 128;
  to[at++] = rest;
  return at;
}

/** Of a length: below 2^31. */
function varintBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest > 127; rest >>>= 7) bytes++;
  return bytes;
}
