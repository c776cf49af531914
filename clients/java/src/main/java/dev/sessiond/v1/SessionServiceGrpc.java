package dev.sessiond.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * SessionService keeps the sessions, events and state of ADK agents.
 * Promises that hold for every method:
 * an event comes back as it was appended, byte for byte; the order of events is
 * their seq; a session's every change adds to its revision; a retry with the same
 * event id or request_id is safe and gets the first answer; an event and its state
 * delta are stored together or not at all; an error says what to do (ErrorReason).
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class SessionServiceGrpc {

  private SessionServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "sessiond.v1.SessionService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.CreateSessionRequest,
      dev.sessiond.v1.CreateSessionResponse> getCreateSessionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateSession",
      requestType = dev.sessiond.v1.CreateSessionRequest.class,
      responseType = dev.sessiond.v1.CreateSessionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.CreateSessionRequest,
      dev.sessiond.v1.CreateSessionResponse> getCreateSessionMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.CreateSessionRequest, dev.sessiond.v1.CreateSessionResponse> getCreateSessionMethod;
    if ((getCreateSessionMethod = SessionServiceGrpc.getCreateSessionMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getCreateSessionMethod = SessionServiceGrpc.getCreateSessionMethod) == null) {
          SessionServiceGrpc.getCreateSessionMethod = getCreateSessionMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.CreateSessionRequest, dev.sessiond.v1.CreateSessionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateSession"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.CreateSessionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.CreateSessionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("CreateSession"))
              .build();
        }
      }
    }
    return getCreateSessionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.GetSessionRequest,
      dev.sessiond.v1.GetSessionResponse> getGetSessionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetSession",
      requestType = dev.sessiond.v1.GetSessionRequest.class,
      responseType = dev.sessiond.v1.GetSessionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.GetSessionRequest,
      dev.sessiond.v1.GetSessionResponse> getGetSessionMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.GetSessionRequest, dev.sessiond.v1.GetSessionResponse> getGetSessionMethod;
    if ((getGetSessionMethod = SessionServiceGrpc.getGetSessionMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getGetSessionMethod = SessionServiceGrpc.getGetSessionMethod) == null) {
          SessionServiceGrpc.getGetSessionMethod = getGetSessionMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.GetSessionRequest, dev.sessiond.v1.GetSessionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetSession"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.GetSessionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.GetSessionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("GetSession"))
              .build();
        }
      }
    }
    return getGetSessionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateSessionRequest,
      dev.sessiond.v1.UpdateSessionResponse> getUpdateSessionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateSession",
      requestType = dev.sessiond.v1.UpdateSessionRequest.class,
      responseType = dev.sessiond.v1.UpdateSessionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateSessionRequest,
      dev.sessiond.v1.UpdateSessionResponse> getUpdateSessionMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateSessionRequest, dev.sessiond.v1.UpdateSessionResponse> getUpdateSessionMethod;
    if ((getUpdateSessionMethod = SessionServiceGrpc.getUpdateSessionMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getUpdateSessionMethod = SessionServiceGrpc.getUpdateSessionMethod) == null) {
          SessionServiceGrpc.getUpdateSessionMethod = getUpdateSessionMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.UpdateSessionRequest, dev.sessiond.v1.UpdateSessionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateSession"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.UpdateSessionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.UpdateSessionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("UpdateSession"))
              .build();
        }
      }
    }
    return getUpdateSessionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.DeleteSessionRequest,
      dev.sessiond.v1.DeleteSessionResponse> getDeleteSessionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteSession",
      requestType = dev.sessiond.v1.DeleteSessionRequest.class,
      responseType = dev.sessiond.v1.DeleteSessionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.DeleteSessionRequest,
      dev.sessiond.v1.DeleteSessionResponse> getDeleteSessionMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.DeleteSessionRequest, dev.sessiond.v1.DeleteSessionResponse> getDeleteSessionMethod;
    if ((getDeleteSessionMethod = SessionServiceGrpc.getDeleteSessionMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getDeleteSessionMethod = SessionServiceGrpc.getDeleteSessionMethod) == null) {
          SessionServiceGrpc.getDeleteSessionMethod = getDeleteSessionMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.DeleteSessionRequest, dev.sessiond.v1.DeleteSessionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteSession"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.DeleteSessionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.DeleteSessionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("DeleteSession"))
              .build();
        }
      }
    }
    return getDeleteSessionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.ListSessionsRequest,
      dev.sessiond.v1.ListSessionsResponse> getListSessionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListSessions",
      requestType = dev.sessiond.v1.ListSessionsRequest.class,
      responseType = dev.sessiond.v1.ListSessionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.ListSessionsRequest,
      dev.sessiond.v1.ListSessionsResponse> getListSessionsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.ListSessionsRequest, dev.sessiond.v1.ListSessionsResponse> getListSessionsMethod;
    if ((getListSessionsMethod = SessionServiceGrpc.getListSessionsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getListSessionsMethod = SessionServiceGrpc.getListSessionsMethod) == null) {
          SessionServiceGrpc.getListSessionsMethod = getListSessionsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.ListSessionsRequest, dev.sessiond.v1.ListSessionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListSessions"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListSessionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListSessionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("ListSessions"))
              .build();
        }
      }
    }
    return getListSessionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.AppendEventRequest,
      dev.sessiond.v1.AppendEventResponse> getAppendEventMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AppendEvent",
      requestType = dev.sessiond.v1.AppendEventRequest.class,
      responseType = dev.sessiond.v1.AppendEventResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.AppendEventRequest,
      dev.sessiond.v1.AppendEventResponse> getAppendEventMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.AppendEventRequest, dev.sessiond.v1.AppendEventResponse> getAppendEventMethod;
    if ((getAppendEventMethod = SessionServiceGrpc.getAppendEventMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getAppendEventMethod = SessionServiceGrpc.getAppendEventMethod) == null) {
          SessionServiceGrpc.getAppendEventMethod = getAppendEventMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.AppendEventRequest, dev.sessiond.v1.AppendEventResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AppendEvent"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.AppendEventRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.AppendEventResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("AppendEvent"))
              .build();
        }
      }
    }
    return getAppendEventMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.BatchAppendEventsRequest,
      dev.sessiond.v1.BatchAppendEventsResponse> getBatchAppendEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "BatchAppendEvents",
      requestType = dev.sessiond.v1.BatchAppendEventsRequest.class,
      responseType = dev.sessiond.v1.BatchAppendEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.BatchAppendEventsRequest,
      dev.sessiond.v1.BatchAppendEventsResponse> getBatchAppendEventsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.BatchAppendEventsRequest, dev.sessiond.v1.BatchAppendEventsResponse> getBatchAppendEventsMethod;
    if ((getBatchAppendEventsMethod = SessionServiceGrpc.getBatchAppendEventsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getBatchAppendEventsMethod = SessionServiceGrpc.getBatchAppendEventsMethod) == null) {
          SessionServiceGrpc.getBatchAppendEventsMethod = getBatchAppendEventsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.BatchAppendEventsRequest, dev.sessiond.v1.BatchAppendEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "BatchAppendEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.BatchAppendEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.BatchAppendEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("BatchAppendEvents"))
              .build();
        }
      }
    }
    return getBatchAppendEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.AppendToSessionsRequest,
      dev.sessiond.v1.AppendToSessionsResponse> getAppendToSessionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AppendToSessions",
      requestType = dev.sessiond.v1.AppendToSessionsRequest.class,
      responseType = dev.sessiond.v1.AppendToSessionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.AppendToSessionsRequest,
      dev.sessiond.v1.AppendToSessionsResponse> getAppendToSessionsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.AppendToSessionsRequest, dev.sessiond.v1.AppendToSessionsResponse> getAppendToSessionsMethod;
    if ((getAppendToSessionsMethod = SessionServiceGrpc.getAppendToSessionsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getAppendToSessionsMethod = SessionServiceGrpc.getAppendToSessionsMethod) == null) {
          SessionServiceGrpc.getAppendToSessionsMethod = getAppendToSessionsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.AppendToSessionsRequest, dev.sessiond.v1.AppendToSessionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AppendToSessions"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.AppendToSessionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.AppendToSessionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("AppendToSessions"))
              .build();
        }
      }
    }
    return getAppendToSessionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.ListEventsRequest,
      dev.sessiond.v1.ListEventsResponse> getListEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEvents",
      requestType = dev.sessiond.v1.ListEventsRequest.class,
      responseType = dev.sessiond.v1.ListEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.ListEventsRequest,
      dev.sessiond.v1.ListEventsResponse> getListEventsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.ListEventsRequest, dev.sessiond.v1.ListEventsResponse> getListEventsMethod;
    if ((getListEventsMethod = SessionServiceGrpc.getListEventsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getListEventsMethod = SessionServiceGrpc.getListEventsMethod) == null) {
          SessionServiceGrpc.getListEventsMethod = getListEventsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.ListEventsRequest, dev.sessiond.v1.ListEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEvents"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("ListEvents"))
              .build();
        }
      }
    }
    return getListEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.StreamEventsRequest,
      dev.sessiond.v1.StreamEventsResponse> getStreamEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "StreamEvents",
      requestType = dev.sessiond.v1.StreamEventsRequest.class,
      responseType = dev.sessiond.v1.StreamEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.StreamEventsRequest,
      dev.sessiond.v1.StreamEventsResponse> getStreamEventsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.StreamEventsRequest, dev.sessiond.v1.StreamEventsResponse> getStreamEventsMethod;
    if ((getStreamEventsMethod = SessionServiceGrpc.getStreamEventsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getStreamEventsMethod = SessionServiceGrpc.getStreamEventsMethod) == null) {
          SessionServiceGrpc.getStreamEventsMethod = getStreamEventsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.StreamEventsRequest, dev.sessiond.v1.StreamEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "StreamEvents"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.StreamEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.StreamEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("StreamEvents"))
              .build();
        }
      }
    }
    return getStreamEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.ListAppsRequest,
      dev.sessiond.v1.ListAppsResponse> getListAppsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListApps",
      requestType = dev.sessiond.v1.ListAppsRequest.class,
      responseType = dev.sessiond.v1.ListAppsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.ListAppsRequest,
      dev.sessiond.v1.ListAppsResponse> getListAppsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.ListAppsRequest, dev.sessiond.v1.ListAppsResponse> getListAppsMethod;
    if ((getListAppsMethod = SessionServiceGrpc.getListAppsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getListAppsMethod = SessionServiceGrpc.getListAppsMethod) == null) {
          SessionServiceGrpc.getListAppsMethod = getListAppsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.ListAppsRequest, dev.sessiond.v1.ListAppsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListApps"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListAppsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListAppsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("ListApps"))
              .build();
        }
      }
    }
    return getListAppsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.ListUsersRequest,
      dev.sessiond.v1.ListUsersResponse> getListUsersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListUsers",
      requestType = dev.sessiond.v1.ListUsersRequest.class,
      responseType = dev.sessiond.v1.ListUsersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.ListUsersRequest,
      dev.sessiond.v1.ListUsersResponse> getListUsersMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.ListUsersRequest, dev.sessiond.v1.ListUsersResponse> getListUsersMethod;
    if ((getListUsersMethod = SessionServiceGrpc.getListUsersMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getListUsersMethod = SessionServiceGrpc.getListUsersMethod) == null) {
          SessionServiceGrpc.getListUsersMethod = getListUsersMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.ListUsersRequest, dev.sessiond.v1.ListUsersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListUsers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListUsersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.ListUsersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("ListUsers"))
              .build();
        }
      }
    }
    return getListUsersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.WatchSessionsRequest,
      dev.sessiond.v1.WatchSessionsResponse> getWatchSessionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchSessions",
      requestType = dev.sessiond.v1.WatchSessionsRequest.class,
      responseType = dev.sessiond.v1.WatchSessionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.WatchSessionsRequest,
      dev.sessiond.v1.WatchSessionsResponse> getWatchSessionsMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.WatchSessionsRequest, dev.sessiond.v1.WatchSessionsResponse> getWatchSessionsMethod;
    if ((getWatchSessionsMethod = SessionServiceGrpc.getWatchSessionsMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getWatchSessionsMethod = SessionServiceGrpc.getWatchSessionsMethod) == null) {
          SessionServiceGrpc.getWatchSessionsMethod = getWatchSessionsMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.WatchSessionsRequest, dev.sessiond.v1.WatchSessionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchSessions"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.WatchSessionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.WatchSessionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("WatchSessions"))
              .build();
        }
      }
    }
    return getWatchSessionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.GetAppStateRequest,
      dev.sessiond.v1.GetAppStateResponse> getGetAppStateMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetAppState",
      requestType = dev.sessiond.v1.GetAppStateRequest.class,
      responseType = dev.sessiond.v1.GetAppStateResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.GetAppStateRequest,
      dev.sessiond.v1.GetAppStateResponse> getGetAppStateMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.GetAppStateRequest, dev.sessiond.v1.GetAppStateResponse> getGetAppStateMethod;
    if ((getGetAppStateMethod = SessionServiceGrpc.getGetAppStateMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getGetAppStateMethod = SessionServiceGrpc.getGetAppStateMethod) == null) {
          SessionServiceGrpc.getGetAppStateMethod = getGetAppStateMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.GetAppStateRequest, dev.sessiond.v1.GetAppStateResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetAppState"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.GetAppStateRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.GetAppStateResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("GetAppState"))
              .build();
        }
      }
    }
    return getGetAppStateMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.GetUserStateRequest,
      dev.sessiond.v1.GetUserStateResponse> getGetUserStateMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetUserState",
      requestType = dev.sessiond.v1.GetUserStateRequest.class,
      responseType = dev.sessiond.v1.GetUserStateResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.GetUserStateRequest,
      dev.sessiond.v1.GetUserStateResponse> getGetUserStateMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.GetUserStateRequest, dev.sessiond.v1.GetUserStateResponse> getGetUserStateMethod;
    if ((getGetUserStateMethod = SessionServiceGrpc.getGetUserStateMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getGetUserStateMethod = SessionServiceGrpc.getGetUserStateMethod) == null) {
          SessionServiceGrpc.getGetUserStateMethod = getGetUserStateMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.GetUserStateRequest, dev.sessiond.v1.GetUserStateResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetUserState"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.GetUserStateRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.GetUserStateResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("GetUserState"))
              .build();
        }
      }
    }
    return getGetUserStateMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateAppStateRequest,
      dev.sessiond.v1.UpdateAppStateResponse> getUpdateAppStateMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateAppState",
      requestType = dev.sessiond.v1.UpdateAppStateRequest.class,
      responseType = dev.sessiond.v1.UpdateAppStateResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateAppStateRequest,
      dev.sessiond.v1.UpdateAppStateResponse> getUpdateAppStateMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateAppStateRequest, dev.sessiond.v1.UpdateAppStateResponse> getUpdateAppStateMethod;
    if ((getUpdateAppStateMethod = SessionServiceGrpc.getUpdateAppStateMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getUpdateAppStateMethod = SessionServiceGrpc.getUpdateAppStateMethod) == null) {
          SessionServiceGrpc.getUpdateAppStateMethod = getUpdateAppStateMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.UpdateAppStateRequest, dev.sessiond.v1.UpdateAppStateResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateAppState"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.UpdateAppStateRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.UpdateAppStateResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("UpdateAppState"))
              .build();
        }
      }
    }
    return getUpdateAppStateMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateUserStateRequest,
      dev.sessiond.v1.UpdateUserStateResponse> getUpdateUserStateMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateUserState",
      requestType = dev.sessiond.v1.UpdateUserStateRequest.class,
      responseType = dev.sessiond.v1.UpdateUserStateResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateUserStateRequest,
      dev.sessiond.v1.UpdateUserStateResponse> getUpdateUserStateMethod() {
    io.grpc.MethodDescriptor<dev.sessiond.v1.UpdateUserStateRequest, dev.sessiond.v1.UpdateUserStateResponse> getUpdateUserStateMethod;
    if ((getUpdateUserStateMethod = SessionServiceGrpc.getUpdateUserStateMethod) == null) {
      synchronized (SessionServiceGrpc.class) {
        if ((getUpdateUserStateMethod = SessionServiceGrpc.getUpdateUserStateMethod) == null) {
          SessionServiceGrpc.getUpdateUserStateMethod = getUpdateUserStateMethod =
              io.grpc.MethodDescriptor.<dev.sessiond.v1.UpdateUserStateRequest, dev.sessiond.v1.UpdateUserStateResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateUserState"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.UpdateUserStateRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.sessiond.v1.UpdateUserStateResponse.getDefaultInstance()))
              .setSchemaDescriptor(new SessionServiceMethodDescriptorSupplier("UpdateUserState"))
              .build();
        }
      }
    }
    return getUpdateUserStateMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static SessionServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<SessionServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<SessionServiceStub>() {
        @java.lang.Override
        public SessionServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new SessionServiceStub(channel, callOptions);
        }
      };
    return SessionServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static SessionServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<SessionServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<SessionServiceBlockingV2Stub>() {
        @java.lang.Override
        public SessionServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new SessionServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return SessionServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static SessionServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<SessionServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<SessionServiceBlockingStub>() {
        @java.lang.Override
        public SessionServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new SessionServiceBlockingStub(channel, callOptions);
        }
      };
    return SessionServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static SessionServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<SessionServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<SessionServiceFutureStub>() {
        @java.lang.Override
        public SessionServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new SessionServiceFutureStub(channel, callOptions);
        }
      };
    return SessionServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * SessionService keeps the sessions, events and state of ADK agents.
   * Promises that hold for every method:
   * an event comes back as it was appended, byte for byte; the order of events is
   * their seq; a session's every change adds to its revision; a retry with the same
   * event id or request_id is safe and gets the first answer; an event and its state
   * delta are stored together or not at all; an error says what to do (ErrorReason).
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * CreateSession makes a session.
     * Errors: SESSION_ALREADY_EXISTS, REQUEST_ID_CONFLICT, INVALID_FIELD.
     * </pre>
     */
    default void createSession(dev.sessiond.v1.CreateSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.CreateSessionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateSessionMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetSession reads a session with its merged state and, where the request says so,
     * the first events of its history. One call for a short history is half of what a
     * stream costs.
     * Errors: SESSION_NOT_FOUND, SEQ_BEYOND_HEAD, EVENTS_TRIMMED, SESSION_RECREATED,
     * TOO_LARGE where the state does not fit a message (StreamEvents can send it).
     * </pre>
     */
    default void getSession(dev.sessiond.v1.GetSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.GetSessionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetSessionMethod(), responseObserver);
    }

    /**
     * <pre>
     * UpdateSession changes a session without an event.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    default void updateSession(dev.sessiond.v1.UpdateSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateSessionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateSessionMethod(), responseObserver);
    }

    /**
     * <pre>
     * DeleteSession removes a session with its events and its own state. A session
     * that is not there is no error. Shared state stays.
     * Errors: STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    default void deleteSession(dev.sessiond.v1.DeleteSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.DeleteSessionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteSessionMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListSessions lists the sessions of an app or of one of its users, by pages. A
     * session that does not change during the walk is listed exactly once.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    default void listSessions(dev.sessiond.v1.ListSessionsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListSessionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListSessionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * AppendEvent stores one event and merges its state delta, in one transaction.
     * The same event again is answered as the first time, whatever revision it
     * expects.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, EVENT_ID_CONFLICT, TOO_LARGE.
     * </pre>
     */
    default void appendEvent(dev.sessiond.v1.AppendEventRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.AppendEventResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAppendEventMethod(), responseObserver);
    }

    /**
     * <pre>
     * BatchAppendEvents stores several events of one session in their order, all or
     * none. The same batch again is answered as the first time: a batch all of whose
     * events are stored with the same bytes, by whichever appends, gets their places.
     * Errors: as AppendEvent, and BATCH_PARTLY_STORED.
     * </pre>
     */
    default void batchAppendEvents(dev.sessiond.v1.BatchAppendEventsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.BatchAppendEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getBatchAppendEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * AppendToSessions makes many appends in one call, of any sessions. Each is what an
     * AppendEvent of its own would be, and succeeds or fails alone; those of one session
     * are made in their order. It is for programs that write to many sessions at once:
     * one call costs both sides far less than many. The answer comes when all have
     * ended. After an error of the call itself any of them may have been made, as after
     * one of AppendEvent: send them again.
     * Errors of the call: INVALID_FIELD (no appends, or too many), and those of every
     * call. Errors of an append: as AppendEvent.
     * </pre>
     */
    default void appendToSessions(dev.sessiond.v1.AppendToSessionsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.AppendToSessionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAppendToSessionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListEvents reads events by pages: of one session, forwards or backwards from a
     * seq, or of all sessions of a user or an app, session after session.
     * Errors: SESSION_NOT_FOUND (of one session), INVALID_PAGE_TOKEN,
     * SESSION_RECREATED, EVENTS_TRIMMED, SEQ_BEYOND_HEAD.
     * </pre>
     */
    default void listEvents(dev.sessiond.v1.ListEventsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * StreamEvents sends a session and its history, then with `follow` its live
     * tail. The first frame is `opened`, at once. One call of it is all that ADK's
     * get_session needs. Without `follow` it ends with OK only after `caught_up`, else
     * with an error; it has no `closing`. With `follow` it ends with `closing` and then
     * OK, or with an error, never with OK alone. A reader that stalled may miss the
     * `closing`: the status then is an error with the same reason. Without `closing`,
     * resume from the last cursor, as after UNAVAILABLE.
     * Errors: SESSION_NOT_FOUND, INVALID_CURSOR, SESSION_RECREATED, EVENTS_TRIMMED,
     * SEQ_BEYOND_HEAD, SLOW_READER.
     * </pre>
     */
    default void streamEvents(dev.sessiond.v1.StreamEventsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.StreamEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getStreamEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListApps lists the apps that have sessions, by name.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    default void listApps(dev.sessiond.v1.ListAppsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListAppsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListAppsMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListUsers lists the users of an app that have sessions, by id.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    default void listUsers(dev.sessiond.v1.ListUsersRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListUsersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListUsersMethod(), responseObserver);
    }

    /**
     * <pre>
     * WatchSessions tells of the sessions of an app or a user as they are created,
     * changed and deleted: a live list. It ends as a StreamEvents that follows.
     * `listed`, `created` and `changed` all say: this is the session now. Put it in the
     * list unless the list has the same uid at this or a later revision. `deleted`
     * removes only the session of its uid. Several changes may come as one, a session
     * that was made and deleted at once may not come at all, and after a resume frames
     * may repeat. Only deletes by DeleteSession are told; others show after a `reset`.
     * Errors: INVALID_CURSOR, SLOW_READER.
     * </pre>
     */
    default void watchSessions(dev.sessiond.v1.WatchSessionsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.WatchSessionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchSessionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetAppState reads the state that all sessions of an app share.
     * </pre>
     */
    default void getAppState(dev.sessiond.v1.GetAppStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.GetAppStateResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetAppStateMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetUserState reads the state that all sessions of a user in an app share.
     * </pre>
     */
    default void getUserState(dev.sessiond.v1.GetUserStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.GetUserStateResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetUserStateMethod(), responseObserver);
    }

    /**
     * <pre>
     * UpdateAppState sets and removes keys of an app's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    default void updateAppState(dev.sessiond.v1.UpdateAppStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateAppStateResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateAppStateMethod(), responseObserver);
    }

    /**
     * <pre>
     * UpdateUserState sets and removes keys of a user's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    default void updateUserState(dev.sessiond.v1.UpdateUserStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateUserStateResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateUserStateMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service SessionService.
   * <pre>
   * SessionService keeps the sessions, events and state of ADK agents.
   * Promises that hold for every method:
   * an event comes back as it was appended, byte for byte; the order of events is
   * their seq; a session's every change adds to its revision; a retry with the same
   * event id or request_id is safe and gets the first answer; an event and its state
   * delta are stored together or not at all; an error says what to do (ErrorReason).
   * </pre>
   */
  public static abstract class SessionServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return SessionServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service SessionService.
   * <pre>
   * SessionService keeps the sessions, events and state of ADK agents.
   * Promises that hold for every method:
   * an event comes back as it was appended, byte for byte; the order of events is
   * their seq; a session's every change adds to its revision; a retry with the same
   * event id or request_id is safe and gets the first answer; an event and its state
   * delta are stored together or not at all; an error says what to do (ErrorReason).
   * </pre>
   */
  public static final class SessionServiceStub
      extends io.grpc.stub.AbstractAsyncStub<SessionServiceStub> {
    private SessionServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected SessionServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new SessionServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateSession makes a session.
     * Errors: SESSION_ALREADY_EXISTS, REQUEST_ID_CONFLICT, INVALID_FIELD.
     * </pre>
     */
    public void createSession(dev.sessiond.v1.CreateSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.CreateSessionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateSessionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetSession reads a session with its merged state and, where the request says so,
     * the first events of its history. One call for a short history is half of what a
     * stream costs.
     * Errors: SESSION_NOT_FOUND, SEQ_BEYOND_HEAD, EVENTS_TRIMMED, SESSION_RECREATED,
     * TOO_LARGE where the state does not fit a message (StreamEvents can send it).
     * </pre>
     */
    public void getSession(dev.sessiond.v1.GetSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.GetSessionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetSessionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UpdateSession changes a session without an event.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public void updateSession(dev.sessiond.v1.UpdateSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateSessionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateSessionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * DeleteSession removes a session with its events and its own state. A session
     * that is not there is no error. Shared state stays.
     * Errors: STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public void deleteSession(dev.sessiond.v1.DeleteSessionRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.DeleteSessionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteSessionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListSessions lists the sessions of an app or of one of its users, by pages. A
     * session that does not change during the walk is listed exactly once.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public void listSessions(dev.sessiond.v1.ListSessionsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListSessionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListSessionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * AppendEvent stores one event and merges its state delta, in one transaction.
     * The same event again is answered as the first time, whatever revision it
     * expects.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, EVENT_ID_CONFLICT, TOO_LARGE.
     * </pre>
     */
    public void appendEvent(dev.sessiond.v1.AppendEventRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.AppendEventResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAppendEventMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * BatchAppendEvents stores several events of one session in their order, all or
     * none. The same batch again is answered as the first time: a batch all of whose
     * events are stored with the same bytes, by whichever appends, gets their places.
     * Errors: as AppendEvent, and BATCH_PARTLY_STORED.
     * </pre>
     */
    public void batchAppendEvents(dev.sessiond.v1.BatchAppendEventsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.BatchAppendEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getBatchAppendEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * AppendToSessions makes many appends in one call, of any sessions. Each is what an
     * AppendEvent of its own would be, and succeeds or fails alone; those of one session
     * are made in their order. It is for programs that write to many sessions at once:
     * one call costs both sides far less than many. The answer comes when all have
     * ended. After an error of the call itself any of them may have been made, as after
     * one of AppendEvent: send them again.
     * Errors of the call: INVALID_FIELD (no appends, or too many), and those of every
     * call. Errors of an append: as AppendEvent.
     * </pre>
     */
    public void appendToSessions(dev.sessiond.v1.AppendToSessionsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.AppendToSessionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAppendToSessionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListEvents reads events by pages: of one session, forwards or backwards from a
     * seq, or of all sessions of a user or an app, session after session.
     * Errors: SESSION_NOT_FOUND (of one session), INVALID_PAGE_TOKEN,
     * SESSION_RECREATED, EVENTS_TRIMMED, SEQ_BEYOND_HEAD.
     * </pre>
     */
    public void listEvents(dev.sessiond.v1.ListEventsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * StreamEvents sends a session and its history, then with `follow` its live
     * tail. The first frame is `opened`, at once. One call of it is all that ADK's
     * get_session needs. Without `follow` it ends with OK only after `caught_up`, else
     * with an error; it has no `closing`. With `follow` it ends with `closing` and then
     * OK, or with an error, never with OK alone. A reader that stalled may miss the
     * `closing`: the status then is an error with the same reason. Without `closing`,
     * resume from the last cursor, as after UNAVAILABLE.
     * Errors: SESSION_NOT_FOUND, INVALID_CURSOR, SESSION_RECREATED, EVENTS_TRIMMED,
     * SEQ_BEYOND_HEAD, SLOW_READER.
     * </pre>
     */
    public void streamEvents(dev.sessiond.v1.StreamEventsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.StreamEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getStreamEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListApps lists the apps that have sessions, by name.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public void listApps(dev.sessiond.v1.ListAppsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListAppsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListAppsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListUsers lists the users of an app that have sessions, by id.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public void listUsers(dev.sessiond.v1.ListUsersRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.ListUsersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListUsersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * WatchSessions tells of the sessions of an app or a user as they are created,
     * changed and deleted: a live list. It ends as a StreamEvents that follows.
     * `listed`, `created` and `changed` all say: this is the session now. Put it in the
     * list unless the list has the same uid at this or a later revision. `deleted`
     * removes only the session of its uid. Several changes may come as one, a session
     * that was made and deleted at once may not come at all, and after a resume frames
     * may repeat. Only deletes by DeleteSession are told; others show after a `reset`.
     * Errors: INVALID_CURSOR, SLOW_READER.
     * </pre>
     */
    public void watchSessions(dev.sessiond.v1.WatchSessionsRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.WatchSessionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchSessionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetAppState reads the state that all sessions of an app share.
     * </pre>
     */
    public void getAppState(dev.sessiond.v1.GetAppStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.GetAppStateResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetAppStateMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetUserState reads the state that all sessions of a user in an app share.
     * </pre>
     */
    public void getUserState(dev.sessiond.v1.GetUserStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.GetUserStateResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetUserStateMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UpdateAppState sets and removes keys of an app's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public void updateAppState(dev.sessiond.v1.UpdateAppStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateAppStateResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateAppStateMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UpdateUserState sets and removes keys of a user's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public void updateUserState(dev.sessiond.v1.UpdateUserStateRequest request,
        io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateUserStateResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateUserStateMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service SessionService.
   * <pre>
   * SessionService keeps the sessions, events and state of ADK agents.
   * Promises that hold for every method:
   * an event comes back as it was appended, byte for byte; the order of events is
   * their seq; a session's every change adds to its revision; a retry with the same
   * event id or request_id is safe and gets the first answer; an event and its state
   * delta are stored together or not at all; an error says what to do (ErrorReason).
   * </pre>
   */
  public static final class SessionServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<SessionServiceBlockingV2Stub> {
    private SessionServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected SessionServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new SessionServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateSession makes a session.
     * Errors: SESSION_ALREADY_EXISTS, REQUEST_ID_CONFLICT, INVALID_FIELD.
     * </pre>
     */
    public dev.sessiond.v1.CreateSessionResponse createSession(dev.sessiond.v1.CreateSessionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetSession reads a session with its merged state and, where the request says so,
     * the first events of its history. One call for a short history is half of what a
     * stream costs.
     * Errors: SESSION_NOT_FOUND, SEQ_BEYOND_HEAD, EVENTS_TRIMMED, SESSION_RECREATED,
     * TOO_LARGE where the state does not fit a message (StreamEvents can send it).
     * </pre>
     */
    public dev.sessiond.v1.GetSessionResponse getSession(dev.sessiond.v1.GetSessionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateSession changes a session without an event.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.UpdateSessionResponse updateSession(dev.sessiond.v1.UpdateSessionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteSession removes a session with its events and its own state. A session
     * that is not there is no error. Shared state stays.
     * Errors: STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.DeleteSessionResponse deleteSession(dev.sessiond.v1.DeleteSessionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListSessions lists the sessions of an app or of one of its users, by pages. A
     * session that does not change during the walk is listed exactly once.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public dev.sessiond.v1.ListSessionsResponse listSessions(dev.sessiond.v1.ListSessionsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListSessionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * AppendEvent stores one event and merges its state delta, in one transaction.
     * The same event again is answered as the first time, whatever revision it
     * expects.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, EVENT_ID_CONFLICT, TOO_LARGE.
     * </pre>
     */
    public dev.sessiond.v1.AppendEventResponse appendEvent(dev.sessiond.v1.AppendEventRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAppendEventMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * BatchAppendEvents stores several events of one session in their order, all or
     * none. The same batch again is answered as the first time: a batch all of whose
     * events are stored with the same bytes, by whichever appends, gets their places.
     * Errors: as AppendEvent, and BATCH_PARTLY_STORED.
     * </pre>
     */
    public dev.sessiond.v1.BatchAppendEventsResponse batchAppendEvents(dev.sessiond.v1.BatchAppendEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getBatchAppendEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * AppendToSessions makes many appends in one call, of any sessions. Each is what an
     * AppendEvent of its own would be, and succeeds or fails alone; those of one session
     * are made in their order. It is for programs that write to many sessions at once:
     * one call costs both sides far less than many. The answer comes when all have
     * ended. After an error of the call itself any of them may have been made, as after
     * one of AppendEvent: send them again.
     * Errors of the call: INVALID_FIELD (no appends, or too many), and those of every
     * call. Errors of an append: as AppendEvent.
     * </pre>
     */
    public dev.sessiond.v1.AppendToSessionsResponse appendToSessions(dev.sessiond.v1.AppendToSessionsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAppendToSessionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListEvents reads events by pages: of one session, forwards or backwards from a
     * seq, or of all sessions of a user or an app, session after session.
     * Errors: SESSION_NOT_FOUND (of one session), INVALID_PAGE_TOKEN,
     * SESSION_RECREATED, EVENTS_TRIMMED, SEQ_BEYOND_HEAD.
     * </pre>
     */
    public dev.sessiond.v1.ListEventsResponse listEvents(dev.sessiond.v1.ListEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * StreamEvents sends a session and its history, then with `follow` its live
     * tail. The first frame is `opened`, at once. One call of it is all that ADK's
     * get_session needs. Without `follow` it ends with OK only after `caught_up`, else
     * with an error; it has no `closing`. With `follow` it ends with `closing` and then
     * OK, or with an error, never with OK alone. A reader that stalled may miss the
     * `closing`: the status then is an error with the same reason. Without `closing`,
     * resume from the last cursor, as after UNAVAILABLE.
     * Errors: SESSION_NOT_FOUND, INVALID_CURSOR, SESSION_RECREATED, EVENTS_TRIMMED,
     * SEQ_BEYOND_HEAD, SLOW_READER.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.sessiond.v1.StreamEventsResponse>
        streamEvents(dev.sessiond.v1.StreamEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getStreamEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListApps lists the apps that have sessions, by name.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public dev.sessiond.v1.ListAppsResponse listApps(dev.sessiond.v1.ListAppsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListAppsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListUsers lists the users of an app that have sessions, by id.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public dev.sessiond.v1.ListUsersResponse listUsers(dev.sessiond.v1.ListUsersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListUsersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * WatchSessions tells of the sessions of an app or a user as they are created,
     * changed and deleted: a live list. It ends as a StreamEvents that follows.
     * `listed`, `created` and `changed` all say: this is the session now. Put it in the
     * list unless the list has the same uid at this or a later revision. `deleted`
     * removes only the session of its uid. Several changes may come as one, a session
     * that was made and deleted at once may not come at all, and after a resume frames
     * may repeat. Only deletes by DeleteSession are told; others show after a `reset`.
     * Errors: INVALID_CURSOR, SLOW_READER.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.sessiond.v1.WatchSessionsResponse>
        watchSessions(dev.sessiond.v1.WatchSessionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchSessionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetAppState reads the state that all sessions of an app share.
     * </pre>
     */
    public dev.sessiond.v1.GetAppStateResponse getAppState(dev.sessiond.v1.GetAppStateRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetAppStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetUserState reads the state that all sessions of a user in an app share.
     * </pre>
     */
    public dev.sessiond.v1.GetUserStateResponse getUserState(dev.sessiond.v1.GetUserStateRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetUserStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateAppState sets and removes keys of an app's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.UpdateAppStateResponse updateAppState(dev.sessiond.v1.UpdateAppStateRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateAppStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateUserState sets and removes keys of a user's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.UpdateUserStateResponse updateUserState(dev.sessiond.v1.UpdateUserStateRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateUserStateMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service SessionService.
   * <pre>
   * SessionService keeps the sessions, events and state of ADK agents.
   * Promises that hold for every method:
   * an event comes back as it was appended, byte for byte; the order of events is
   * their seq; a session's every change adds to its revision; a retry with the same
   * event id or request_id is safe and gets the first answer; an event and its state
   * delta are stored together or not at all; an error says what to do (ErrorReason).
   * </pre>
   */
  public static final class SessionServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<SessionServiceBlockingStub> {
    private SessionServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected SessionServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new SessionServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateSession makes a session.
     * Errors: SESSION_ALREADY_EXISTS, REQUEST_ID_CONFLICT, INVALID_FIELD.
     * </pre>
     */
    public dev.sessiond.v1.CreateSessionResponse createSession(dev.sessiond.v1.CreateSessionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetSession reads a session with its merged state and, where the request says so,
     * the first events of its history. One call for a short history is half of what a
     * stream costs.
     * Errors: SESSION_NOT_FOUND, SEQ_BEYOND_HEAD, EVENTS_TRIMMED, SESSION_RECREATED,
     * TOO_LARGE where the state does not fit a message (StreamEvents can send it).
     * </pre>
     */
    public dev.sessiond.v1.GetSessionResponse getSession(dev.sessiond.v1.GetSessionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateSession changes a session without an event.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.UpdateSessionResponse updateSession(dev.sessiond.v1.UpdateSessionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteSession removes a session with its events and its own state. A session
     * that is not there is no error. Shared state stays.
     * Errors: STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.DeleteSessionResponse deleteSession(dev.sessiond.v1.DeleteSessionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteSessionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListSessions lists the sessions of an app or of one of its users, by pages. A
     * session that does not change during the walk is listed exactly once.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public dev.sessiond.v1.ListSessionsResponse listSessions(dev.sessiond.v1.ListSessionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListSessionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * AppendEvent stores one event and merges its state delta, in one transaction.
     * The same event again is answered as the first time, whatever revision it
     * expects.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, EVENT_ID_CONFLICT, TOO_LARGE.
     * </pre>
     */
    public dev.sessiond.v1.AppendEventResponse appendEvent(dev.sessiond.v1.AppendEventRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAppendEventMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * BatchAppendEvents stores several events of one session in their order, all or
     * none. The same batch again is answered as the first time: a batch all of whose
     * events are stored with the same bytes, by whichever appends, gets their places.
     * Errors: as AppendEvent, and BATCH_PARTLY_STORED.
     * </pre>
     */
    public dev.sessiond.v1.BatchAppendEventsResponse batchAppendEvents(dev.sessiond.v1.BatchAppendEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getBatchAppendEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * AppendToSessions makes many appends in one call, of any sessions. Each is what an
     * AppendEvent of its own would be, and succeeds or fails alone; those of one session
     * are made in their order. It is for programs that write to many sessions at once:
     * one call costs both sides far less than many. The answer comes when all have
     * ended. After an error of the call itself any of them may have been made, as after
     * one of AppendEvent: send them again.
     * Errors of the call: INVALID_FIELD (no appends, or too many), and those of every
     * call. Errors of an append: as AppendEvent.
     * </pre>
     */
    public dev.sessiond.v1.AppendToSessionsResponse appendToSessions(dev.sessiond.v1.AppendToSessionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAppendToSessionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListEvents reads events by pages: of one session, forwards or backwards from a
     * seq, or of all sessions of a user or an app, session after session.
     * Errors: SESSION_NOT_FOUND (of one session), INVALID_PAGE_TOKEN,
     * SESSION_RECREATED, EVENTS_TRIMMED, SEQ_BEYOND_HEAD.
     * </pre>
     */
    public dev.sessiond.v1.ListEventsResponse listEvents(dev.sessiond.v1.ListEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * StreamEvents sends a session and its history, then with `follow` its live
     * tail. The first frame is `opened`, at once. One call of it is all that ADK's
     * get_session needs. Without `follow` it ends with OK only after `caught_up`, else
     * with an error; it has no `closing`. With `follow` it ends with `closing` and then
     * OK, or with an error, never with OK alone. A reader that stalled may miss the
     * `closing`: the status then is an error with the same reason. Without `closing`,
     * resume from the last cursor, as after UNAVAILABLE.
     * Errors: SESSION_NOT_FOUND, INVALID_CURSOR, SESSION_RECREATED, EVENTS_TRIMMED,
     * SEQ_BEYOND_HEAD, SLOW_READER.
     * </pre>
     */
    public java.util.Iterator<dev.sessiond.v1.StreamEventsResponse> streamEvents(
        dev.sessiond.v1.StreamEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getStreamEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListApps lists the apps that have sessions, by name.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public dev.sessiond.v1.ListAppsResponse listApps(dev.sessiond.v1.ListAppsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListAppsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListUsers lists the users of an app that have sessions, by id.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public dev.sessiond.v1.ListUsersResponse listUsers(dev.sessiond.v1.ListUsersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListUsersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * WatchSessions tells of the sessions of an app or a user as they are created,
     * changed and deleted: a live list. It ends as a StreamEvents that follows.
     * `listed`, `created` and `changed` all say: this is the session now. Put it in the
     * list unless the list has the same uid at this or a later revision. `deleted`
     * removes only the session of its uid. Several changes may come as one, a session
     * that was made and deleted at once may not come at all, and after a resume frames
     * may repeat. Only deletes by DeleteSession are told; others show after a `reset`.
     * Errors: INVALID_CURSOR, SLOW_READER.
     * </pre>
     */
    public java.util.Iterator<dev.sessiond.v1.WatchSessionsResponse> watchSessions(
        dev.sessiond.v1.WatchSessionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchSessionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetAppState reads the state that all sessions of an app share.
     * </pre>
     */
    public dev.sessiond.v1.GetAppStateResponse getAppState(dev.sessiond.v1.GetAppStateRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetAppStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetUserState reads the state that all sessions of a user in an app share.
     * </pre>
     */
    public dev.sessiond.v1.GetUserStateResponse getUserState(dev.sessiond.v1.GetUserStateRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetUserStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateAppState sets and removes keys of an app's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.UpdateAppStateResponse updateAppState(dev.sessiond.v1.UpdateAppStateRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateAppStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateUserState sets and removes keys of a user's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public dev.sessiond.v1.UpdateUserStateResponse updateUserState(dev.sessiond.v1.UpdateUserStateRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateUserStateMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service SessionService.
   * <pre>
   * SessionService keeps the sessions, events and state of ADK agents.
   * Promises that hold for every method:
   * an event comes back as it was appended, byte for byte; the order of events is
   * their seq; a session's every change adds to its revision; a retry with the same
   * event id or request_id is safe and gets the first answer; an event and its state
   * delta are stored together or not at all; an error says what to do (ErrorReason).
   * </pre>
   */
  public static final class SessionServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<SessionServiceFutureStub> {
    private SessionServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected SessionServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new SessionServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateSession makes a session.
     * Errors: SESSION_ALREADY_EXISTS, REQUEST_ID_CONFLICT, INVALID_FIELD.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.CreateSessionResponse> createSession(
        dev.sessiond.v1.CreateSessionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateSessionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetSession reads a session with its merged state and, where the request says so,
     * the first events of its history. One call for a short history is half of what a
     * stream costs.
     * Errors: SESSION_NOT_FOUND, SEQ_BEYOND_HEAD, EVENTS_TRIMMED, SESSION_RECREATED,
     * TOO_LARGE where the state does not fit a message (StreamEvents can send it).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.GetSessionResponse> getSession(
        dev.sessiond.v1.GetSessionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetSessionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UpdateSession changes a session without an event.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.UpdateSessionResponse> updateSession(
        dev.sessiond.v1.UpdateSessionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateSessionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * DeleteSession removes a session with its events and its own state. A session
     * that is not there is no error. Shared state stays.
     * Errors: STALE_SESSION, REQUEST_ID_CONFLICT.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.DeleteSessionResponse> deleteSession(
        dev.sessiond.v1.DeleteSessionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteSessionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListSessions lists the sessions of an app or of one of its users, by pages. A
     * session that does not change during the walk is listed exactly once.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.ListSessionsResponse> listSessions(
        dev.sessiond.v1.ListSessionsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListSessionsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * AppendEvent stores one event and merges its state delta, in one transaction.
     * The same event again is answered as the first time, whatever revision it
     * expects.
     * Errors: SESSION_NOT_FOUND, STALE_SESSION, EVENT_ID_CONFLICT, TOO_LARGE.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.AppendEventResponse> appendEvent(
        dev.sessiond.v1.AppendEventRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAppendEventMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * BatchAppendEvents stores several events of one session in their order, all or
     * none. The same batch again is answered as the first time: a batch all of whose
     * events are stored with the same bytes, by whichever appends, gets their places.
     * Errors: as AppendEvent, and BATCH_PARTLY_STORED.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.BatchAppendEventsResponse> batchAppendEvents(
        dev.sessiond.v1.BatchAppendEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getBatchAppendEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * AppendToSessions makes many appends in one call, of any sessions. Each is what an
     * AppendEvent of its own would be, and succeeds or fails alone; those of one session
     * are made in their order. It is for programs that write to many sessions at once:
     * one call costs both sides far less than many. The answer comes when all have
     * ended. After an error of the call itself any of them may have been made, as after
     * one of AppendEvent: send them again.
     * Errors of the call: INVALID_FIELD (no appends, or too many), and those of every
     * call. Errors of an append: as AppendEvent.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.AppendToSessionsResponse> appendToSessions(
        dev.sessiond.v1.AppendToSessionsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAppendToSessionsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListEvents reads events by pages: of one session, forwards or backwards from a
     * seq, or of all sessions of a user or an app, session after session.
     * Errors: SESSION_NOT_FOUND (of one session), INVALID_PAGE_TOKEN,
     * SESSION_RECREATED, EVENTS_TRIMMED, SEQ_BEYOND_HEAD.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.ListEventsResponse> listEvents(
        dev.sessiond.v1.ListEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListApps lists the apps that have sessions, by name.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.ListAppsResponse> listApps(
        dev.sessiond.v1.ListAppsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListAppsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListUsers lists the users of an app that have sessions, by id.
     * Errors: INVALID_PAGE_TOKEN.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.ListUsersResponse> listUsers(
        dev.sessiond.v1.ListUsersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListUsersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetAppState reads the state that all sessions of an app share.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.GetAppStateResponse> getAppState(
        dev.sessiond.v1.GetAppStateRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetAppStateMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetUserState reads the state that all sessions of a user in an app share.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.GetUserStateResponse> getUserState(
        dev.sessiond.v1.GetUserStateRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetUserStateMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UpdateAppState sets and removes keys of an app's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.UpdateAppStateResponse> updateAppState(
        dev.sessiond.v1.UpdateAppStateRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateAppStateMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UpdateUserState sets and removes keys of a user's shared state.
     * Errors: REQUEST_ID_CONFLICT.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.sessiond.v1.UpdateUserStateResponse> updateUserState(
        dev.sessiond.v1.UpdateUserStateRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateUserStateMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_SESSION = 0;
  private static final int METHODID_GET_SESSION = 1;
  private static final int METHODID_UPDATE_SESSION = 2;
  private static final int METHODID_DELETE_SESSION = 3;
  private static final int METHODID_LIST_SESSIONS = 4;
  private static final int METHODID_APPEND_EVENT = 5;
  private static final int METHODID_BATCH_APPEND_EVENTS = 6;
  private static final int METHODID_APPEND_TO_SESSIONS = 7;
  private static final int METHODID_LIST_EVENTS = 8;
  private static final int METHODID_STREAM_EVENTS = 9;
  private static final int METHODID_LIST_APPS = 10;
  private static final int METHODID_LIST_USERS = 11;
  private static final int METHODID_WATCH_SESSIONS = 12;
  private static final int METHODID_GET_APP_STATE = 13;
  private static final int METHODID_GET_USER_STATE = 14;
  private static final int METHODID_UPDATE_APP_STATE = 15;
  private static final int METHODID_UPDATE_USER_STATE = 16;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CREATE_SESSION:
          serviceImpl.createSession((dev.sessiond.v1.CreateSessionRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.CreateSessionResponse>) responseObserver);
          break;
        case METHODID_GET_SESSION:
          serviceImpl.getSession((dev.sessiond.v1.GetSessionRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.GetSessionResponse>) responseObserver);
          break;
        case METHODID_UPDATE_SESSION:
          serviceImpl.updateSession((dev.sessiond.v1.UpdateSessionRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateSessionResponse>) responseObserver);
          break;
        case METHODID_DELETE_SESSION:
          serviceImpl.deleteSession((dev.sessiond.v1.DeleteSessionRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.DeleteSessionResponse>) responseObserver);
          break;
        case METHODID_LIST_SESSIONS:
          serviceImpl.listSessions((dev.sessiond.v1.ListSessionsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.ListSessionsResponse>) responseObserver);
          break;
        case METHODID_APPEND_EVENT:
          serviceImpl.appendEvent((dev.sessiond.v1.AppendEventRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.AppendEventResponse>) responseObserver);
          break;
        case METHODID_BATCH_APPEND_EVENTS:
          serviceImpl.batchAppendEvents((dev.sessiond.v1.BatchAppendEventsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.BatchAppendEventsResponse>) responseObserver);
          break;
        case METHODID_APPEND_TO_SESSIONS:
          serviceImpl.appendToSessions((dev.sessiond.v1.AppendToSessionsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.AppendToSessionsResponse>) responseObserver);
          break;
        case METHODID_LIST_EVENTS:
          serviceImpl.listEvents((dev.sessiond.v1.ListEventsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.ListEventsResponse>) responseObserver);
          break;
        case METHODID_STREAM_EVENTS:
          serviceImpl.streamEvents((dev.sessiond.v1.StreamEventsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.StreamEventsResponse>) responseObserver);
          break;
        case METHODID_LIST_APPS:
          serviceImpl.listApps((dev.sessiond.v1.ListAppsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.ListAppsResponse>) responseObserver);
          break;
        case METHODID_LIST_USERS:
          serviceImpl.listUsers((dev.sessiond.v1.ListUsersRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.ListUsersResponse>) responseObserver);
          break;
        case METHODID_WATCH_SESSIONS:
          serviceImpl.watchSessions((dev.sessiond.v1.WatchSessionsRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.WatchSessionsResponse>) responseObserver);
          break;
        case METHODID_GET_APP_STATE:
          serviceImpl.getAppState((dev.sessiond.v1.GetAppStateRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.GetAppStateResponse>) responseObserver);
          break;
        case METHODID_GET_USER_STATE:
          serviceImpl.getUserState((dev.sessiond.v1.GetUserStateRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.GetUserStateResponse>) responseObserver);
          break;
        case METHODID_UPDATE_APP_STATE:
          serviceImpl.updateAppState((dev.sessiond.v1.UpdateAppStateRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateAppStateResponse>) responseObserver);
          break;
        case METHODID_UPDATE_USER_STATE:
          serviceImpl.updateUserState((dev.sessiond.v1.UpdateUserStateRequest) request,
              (io.grpc.stub.StreamObserver<dev.sessiond.v1.UpdateUserStateResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateSessionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.CreateSessionRequest,
              dev.sessiond.v1.CreateSessionResponse>(
                service, METHODID_CREATE_SESSION)))
        .addMethod(
          getGetSessionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.GetSessionRequest,
              dev.sessiond.v1.GetSessionResponse>(
                service, METHODID_GET_SESSION)))
        .addMethod(
          getUpdateSessionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.UpdateSessionRequest,
              dev.sessiond.v1.UpdateSessionResponse>(
                service, METHODID_UPDATE_SESSION)))
        .addMethod(
          getDeleteSessionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.DeleteSessionRequest,
              dev.sessiond.v1.DeleteSessionResponse>(
                service, METHODID_DELETE_SESSION)))
        .addMethod(
          getListSessionsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.ListSessionsRequest,
              dev.sessiond.v1.ListSessionsResponse>(
                service, METHODID_LIST_SESSIONS)))
        .addMethod(
          getAppendEventMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.AppendEventRequest,
              dev.sessiond.v1.AppendEventResponse>(
                service, METHODID_APPEND_EVENT)))
        .addMethod(
          getBatchAppendEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.BatchAppendEventsRequest,
              dev.sessiond.v1.BatchAppendEventsResponse>(
                service, METHODID_BATCH_APPEND_EVENTS)))
        .addMethod(
          getAppendToSessionsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.AppendToSessionsRequest,
              dev.sessiond.v1.AppendToSessionsResponse>(
                service, METHODID_APPEND_TO_SESSIONS)))
        .addMethod(
          getListEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.ListEventsRequest,
              dev.sessiond.v1.ListEventsResponse>(
                service, METHODID_LIST_EVENTS)))
        .addMethod(
          getStreamEventsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.sessiond.v1.StreamEventsRequest,
              dev.sessiond.v1.StreamEventsResponse>(
                service, METHODID_STREAM_EVENTS)))
        .addMethod(
          getListAppsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.ListAppsRequest,
              dev.sessiond.v1.ListAppsResponse>(
                service, METHODID_LIST_APPS)))
        .addMethod(
          getListUsersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.ListUsersRequest,
              dev.sessiond.v1.ListUsersResponse>(
                service, METHODID_LIST_USERS)))
        .addMethod(
          getWatchSessionsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.sessiond.v1.WatchSessionsRequest,
              dev.sessiond.v1.WatchSessionsResponse>(
                service, METHODID_WATCH_SESSIONS)))
        .addMethod(
          getGetAppStateMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.GetAppStateRequest,
              dev.sessiond.v1.GetAppStateResponse>(
                service, METHODID_GET_APP_STATE)))
        .addMethod(
          getGetUserStateMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.GetUserStateRequest,
              dev.sessiond.v1.GetUserStateResponse>(
                service, METHODID_GET_USER_STATE)))
        .addMethod(
          getUpdateAppStateMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.UpdateAppStateRequest,
              dev.sessiond.v1.UpdateAppStateResponse>(
                service, METHODID_UPDATE_APP_STATE)))
        .addMethod(
          getUpdateUserStateMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.sessiond.v1.UpdateUserStateRequest,
              dev.sessiond.v1.UpdateUserStateResponse>(
                service, METHODID_UPDATE_USER_STATE)))
        .build();
  }

  private static abstract class SessionServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    SessionServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.sessiond.v1.SessionServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("SessionService");
    }
  }

  private static final class SessionServiceFileDescriptorSupplier
      extends SessionServiceBaseDescriptorSupplier {
    SessionServiceFileDescriptorSupplier() {}
  }

  private static final class SessionServiceMethodDescriptorSupplier
      extends SessionServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    SessionServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (SessionServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new SessionServiceFileDescriptorSupplier())
              .addMethod(getCreateSessionMethod())
              .addMethod(getGetSessionMethod())
              .addMethod(getUpdateSessionMethod())
              .addMethod(getDeleteSessionMethod())
              .addMethod(getListSessionsMethod())
              .addMethod(getAppendEventMethod())
              .addMethod(getBatchAppendEventsMethod())
              .addMethod(getAppendToSessionsMethod())
              .addMethod(getListEventsMethod())
              .addMethod(getStreamEventsMethod())
              .addMethod(getListAppsMethod())
              .addMethod(getListUsersMethod())
              .addMethod(getWatchSessionsMethod())
              .addMethod(getGetAppStateMethod())
              .addMethod(getGetUserStateMethod())
              .addMethod(getUpdateAppStateMethod())
              .addMethod(getUpdateUserStateMethod())
              .build();
        }
      }
    }
    return result;
  }
}
