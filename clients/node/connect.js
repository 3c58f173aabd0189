// Makes clients of a controller's services from the .proto files of this repository; nothing is generated.

import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const PROTOS = fileURLToPath(new URL("../../protos", import.meta.url));
const FILES = ["artifact_service", "run_service"].map((name) => `orchestrion/v1/${name}.proto`);

/** The default address of a controller. */
export const ADDRESS = process.env.ORCHESTRION_CONTROLLER ?? "127.0.0.1:50051";

/**
 * Returns clients of the services that a request needs. Messages are plain objects: names in camelCase, 64-bit integers
 * as numbers, enum values by name, bytes as Buffers, and for each oneof its name with the member that is set.
 */
export function connect(address = ADDRESS) {
  const definition = loadSync(FILES, { includeDirs: [PROTOS], longs: Number, enums: String, oneofs: true });
  const { v1 } = grpc.loadPackageDefinition(definition).orchestrion;
  const options = { "grpc.max_receive_message_length": 8 << 20, "grpc.keepalive_time_ms": 20_000 };
  const credentials = grpc.credentials.createInsecure();
  return {
    artifacts: new v1.ArtifactService(address, credentials, options),
    runs: new v1.RunService(address, credentials, options),
  };
}
