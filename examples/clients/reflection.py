"""Asks without stubs, .proto files or this SDK: python reflection.py REQUEST. The server describes its own API.

It needs grpcio, grpcio-reflection and protobuf. Any tool that speaks gRPC reflection can do the same.
"""

import os
import sys

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

request = {"messages": [{"role": "ROLE_USER", "text": sys.argv[1]}]}
with grpc.insecure_channel(os.environ.get("ORCHESTRION_CONTROLLER", "127.0.0.1:50051")) as channel:
    try:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName("orchestrion.v1.RunService").methods_by_name["Run"]
        request_type, event_type = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        run = channel.unary_stream(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=request_type.SerializeToString,
            response_deserializer=event_type.FromString,
        )
        for event in run(json_format.ParseDict(request, request_type(), descriptor_pool=pool)):
            print(json_format.MessageToJson(event, indent=None, descriptor_pool=pool), flush=True)
    except grpc.RpcError as error:
        sys.exit(f"Error: {error.details()}")
