/**
 * Server reflection, v1 and v1alpha, from the generated descriptors, so that grpcurl and
 * buf curl work without proto files.
 */
import {
  createRegistry,
  type DescFile,
  type DescService,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type Server, type ServerDuplexStream, status } from "@grpc/grpc-js";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import { definitionOf } from "./definition.ts";

/** The two versions have the same messages under other names. */
type Request = Omit<ServerReflectionRequest, "$typeName">;
type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = Exclude<Response["messageResponse"], undefined>;

/** Adds both versions to a server. `services` are those that it has beside them. */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const all = [...services, ServerReflection, ServerReflectionAlpha];
  const files = new Map(
    all.flatMap((service) => withImports(service.file)).map((file) => [file.proto.name, file]),
  );
  const index: Index = {
    services: all.map((service) => service.typeName),
    files,
    // Types of the files alone: grpc-js has no others.
    registry: createRegistry(...files.values()),
  };
  const implementation = {
    ServerReflectionInfo(call: ServerDuplexStream<Request, Response>): void {
      call.on("data", (request: Request) => call.write(respond(index, request)));
      call.on("end", () => call.end());
    },
  };
  server.addService(definitionOf(ServerReflection), implementation);
  server.addService(definitionOf(ServerReflectionAlpha), implementation);
}

interface Index {
  readonly services: readonly string[];
  readonly files: ReadonlyMap<string, DescFile>;
  readonly registry: Registry;
}

function respond(index: Index, request: Request): Response {
  return {
    validHost: request.host,
    originalRequest: { host: request.host, messageRequest: request.messageRequest },
    messageResponse: answer(index, request.messageRequest),
  } as Response;
}

function answer(index: Index, request: Request["messageRequest"]): Answer {
  switch (request.case) {
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: index.services.map((name) => ({ name })) },
      };
    case "fileByFilename":
      return filesAnswer(index.files.get(request.value));
    case "fileContainingSymbol":
      return filesAnswer(fileOf(index, request.value));
    case "fileContainingExtension":
      return refused(status.NOT_FOUND, "There is no such extension.");
    case "allExtensionNumbersOfType":
      return index.registry.getMessage(request.value) === undefined
        ? refused(status.NOT_FOUND, "There is no such type.")
        : { case: "allExtensionNumbersResponse", value: { baseTypeName: request.value } };
    default:
      return refused(status.UNIMPLEMENTED, "This server does not know the question.");
  }
}

/** The file that declares a type, service, method, field or enum value. */
function fileOf(index: Index, symbol: string): DescFile | undefined {
  const name = symbol.replace(/^\./, "");
  const own = index.registry.get(name);
  if (own !== undefined) return own.file;
  const dot = name.lastIndexOf(".");
  if (dot === -1) return undefined;
  const parent = index.registry.get(name.slice(0, dot));
  const member = name.slice(dot + 1);
  switch (parent?.kind) {
    case "service":
      return parent.methods.some((method) => method.name === member) ? parent.file : undefined;
    case "message":
      return parent.members.some((field) => field.name === member) ? parent.file : undefined;
    case "enum":
      return parent.values.some((value) => value.name === member) ? parent.file : undefined;
    default:
      return undefined;
  }
}

function filesAnswer(file: DescFile | undefined): Answer {
  if (file === undefined) return refused(status.NOT_FOUND, "There is no such file or symbol.");
  return {
    case: "fileDescriptorResponse",
    value: {
      fileDescriptorProto: withImports(file).map((one) => toBinary(FileDescriptorProtoSchema, one.proto)),
    },
  };
}

function refused(errorCode: number, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

/** A file and all that it imports, itself first. */
function withImports(file: DescFile): DescFile[] {
  const seen = new Set<DescFile>();
  const visit = (one: DescFile): void => {
    if (seen.has(one)) return;
    seen.add(one);
    for (const dependency of one.dependencies) visit(dependency);
  };
  visit(file);
  return [...seen];
}
