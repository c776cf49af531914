/** Appends that share calls, as the Python client makes them: two calls at a time, over which appends are spread. */
import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type AppendEventRequestSchema,
  AppendToSessionsRequestSchema,
  AppendToSessionsResponseSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { LoadClient } from "./client.ts";

const CALLS = 2;

type Append = MessageInitShape<typeof AppendEventRequestSchema>;

interface Waiting {
  readonly append: Append;
  readonly settle: (error?: unknown) => void;
}

/** The appends of one channel. */
export class AppendCalls {
  private readonly client: LoadClient;
  private waiting: Waiting[] = [];
  private sent = 0;
  private calls = 0;
  private scheduled = false;

  constructor(client: LoadClient) {
    this.client = client;
  }

  /** Makes one append, in a call with others. */
  append(append: Append): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ append, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      this.sendSoon();
    });
  }

  /** Once all writers that are ready now have made theirs. */
  private sendSoon(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.waiting.length > 0 && this.calls < CALLS) {
        void this.call(this.waiting.splice(0, Math.ceil((this.waiting.length + this.sent) / CALLS)));
      }
    });
  }

  private async call(group: readonly Waiting[]): Promise<void> {
    this.calls++;
    this.sent += group.length;
    try {
      const request = create(AppendToSessionsRequestSchema, { appends: group.map(({ append }) => append) });
      const { outcomes } = fromBinary(
        AppendToSessionsResponseSchema,
        await this.client.appendToSessions(request),
      );
      for (const [at, { settle }] of group.entries()) {
        const outcome = outcomes[at]?.outcome;
        settle(outcome?.case === "appended" ? undefined : new Error(outcome?.value?.message ?? "no outcome"));
      }
    } catch (error) {
      for (const { settle } of group) settle(error);
    } finally {
      this.calls--;
      this.sent -= group.length;
      this.sendSoon();
    }
  }
}
