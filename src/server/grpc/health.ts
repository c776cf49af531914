/** grpc.health.v1: what load balancers and probes ask. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  Health,
  type HealthCheckRequest,
  type HealthCheckResponseSchema,
  type HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../gen/ts/health/v1/health_pb.ts";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Readiness, ReadinessCheck } from "../readiness.ts";
import { definitionOf } from "./definition.ts";

/** The names that a caller may ask for; the empty one is the whole server. */
const services = ["", SessionService.typeName, Health.typeName];

type Response = MessageInitShape<typeof HealthCheckResponseSchema>;

/** The service, which follows the readiness of the server; `end` ends all watches. */
export function healthService(readiness: ReadinessCheck): {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  readonly end: () => void;
} {
  const watches = new Set<ServerWritableStream<Buffer, Response>>();
  const implementation: UntypedServiceImplementation = {
    Check(call: ServerUnaryCall<HealthCheckRequest, Response>, callback: sendUnaryData<Response>): void {
      if (!services.includes(call.request.service)) {
        callback({ code: status.NOT_FOUND, details: "There is no such service." });
        return;
      }
      readiness.check().then(
        (state) => callback(null, { status: servingStatus(state) }),
        () => callback(null, { status: ServingStatus.NOT_SERVING }),
      );
    },
    Watch(call: ServerWritableStream<Buffer, Response> & { request: unknown }): void {
      const { service } = call.request as unknown as HealthCheckRequest;
      if (!services.includes(service)) call.write({ status: ServingStatus.SERVICE_UNKNOWN });
      else {
        call.write({ status: servingStatus(readiness.last) });
        const unwatch = readiness.watch((state) => void call.write({ status: servingStatus(state) }));
        call.on("cancelled", unwatch);
      }
      watches.add(call);
      call.on("cancelled", () => watches.delete(call));
    },
    List(_call: unknown, callback: sendUnaryData<MessageInitShape<typeof HealthListResponseSchema>>): void {
      const one = { status: servingStatus(readiness.last) };
      callback(null, { statuses: Object.fromEntries(services.map((name) => [name, one])) });
    },
  };
  return {
    definition: definitionOf(Health),
    implementation,
    end() {
      for (const call of watches) call.end();
    },
  };
}

function servingStatus(state: Readiness): ServingStatus {
  return state === "ready" ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}
