/** An answer that is encoded already. */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

/** A message as its protobuf bytes, which a front door that speaks protobuf sends as they are. */
export class EncodedMessage {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** What a handler answers with. */
export type Answer<D extends DescMessage> = MessageInitShape<D> | EncodedMessage;

/** An answer as bytes. */
export function answerBytes<D extends DescMessage>(desc: D, answer: Answer<D>): Uint8Array {
  return answer instanceof EncodedMessage ? answer.bytes : toBinary(desc, create(desc, answer));
}

/** An answer as a message. */
export function answerMessage<D extends DescMessage>(desc: D, answer: Answer<D>): MessageShape<D> {
  return answer instanceof EncodedMessage ? fromBinary(desc, answer.bytes) : create(desc, answer);
}
