/** A generated service as grpc-js takes it, without proto files. */
import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ServiceDefinition } from "@grpc/grpc-js";

/** Messages are decoded and encoded on the way: for services whose handlers see grpc-js. */
export function definitionOf(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.name, methodDefinition(method)]));
}

function methodDefinition(method: DescMethod): ServiceDefinition[string] {
  const { input, output } = method;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (value: MessageInitShape<typeof input>) =>
      Buffer.from(toBinary(input, create(input, value))),
    requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
    responseSerialize: (value: MessageInitShape<typeof output>) =>
      Buffer.from(toBinary(output, create(output, value))),
    responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
  };
}
