// Ask REQUEST [FILE…] — uploads the files, carries the request out, prints its events, saves what the answer names.

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import orchestrion.v1.ArtifactServiceGrpc;
import orchestrion.v1.ArtifactServiceOuterClass.*;
import orchestrion.v1.Artifacts.Artifact;
import orchestrion.v1.Assignments.Assignment;
import orchestrion.v1.Events.*;
import orchestrion.v1.Plans.TaskResult;
import orchestrion.v1.RunServiceGrpc;
import orchestrion.v1.RunServiceOuterClass.RunRequest;
import orchestrion.v1.Runs.*;

public final class Ask {
  private static final Path FOLDER = Path.of("orchestrion-output");
  private static final int CHUNK_BYTES = 1 << 20;

  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length == 0) {
      System.err.println("usage: ask REQUEST [FILE…]");
      System.exit(2);
    }
    String address = System.getenv().getOrDefault("ORCHESTRION_CONTROLLER", "127.0.0.1:50051");
    ManagedChannel channel = NettyChannelBuilder.forTarget(address).usePlaintext().maxInboundMessageSize(8 << 20).build();
    int code = 0;
    try {
      ask(channel, arguments);
    } catch (CompletionException error) {
      code = failed(Status.fromThrowable(error.getCause()).getDescription());
    } catch (io.grpc.StatusRuntimeException error) {
      code = failed(error.getStatus().getDescription());
    } catch (IOException error) {
      code = failed(error.toString());
    }
    channel.shutdownNow();
    System.exit(code);
  }

  private static void ask(ManagedChannel channel, String[] arguments) throws IOException {
    Message.Builder message = Message.newBuilder().setRole(Role.ROLE_USER).setText(arguments[0]);
    for (int i = 1; i < arguments.length; i++) {
      message.addArtifacts(upload(ArtifactServiceGrpc.newStub(channel), Path.of(arguments[i])));
    }
    // Ctrl-C ends the run: nobody comes back to read on.
    RunOptions options = RunOptions.newBuilder().setDetachGraceMs(0).build();
    RunRequest request = RunRequest.newBuilder().addMessages(message).setOptions(options).build();
    Iterator<Event> events = RunServiceGrpc.newBlockingStub(channel).run(request);
    AnswerFinished answer = AnswerFinished.getDefaultInstance();
    while (events.hasNext()) {
      Event event = events.next();
      show(event);
      answer = event.hasAnswerFinished() ? event.getAnswerFinished() : answer;
    }
    System.out.printf("%n%s%n%n", answer.getText());
    for (String name : answer.getArtifactsList()) {
      System.out.println("saved " + download(ArtifactServiceGrpc.newBlockingStub(channel), name));
    }
  }

  private static void show(Event event) {
    switch (event.getPayloadCase()) {
      case TASK_PLANNED -> System.out.println("planned  " + event.getTaskPlanned().getTask().getId());
      case TASK_ASSIGNED -> {
        Assignment assignment = event.getTaskAssigned().getAssignment();
        System.out.println("assigned " + assignment.getTaskId() + " to " + assignment.getExpertId());
      }
      case TASK_PROGRESS -> {
        TaskProgress progress = event.getTaskProgress();
        System.out.printf("progress %s %.0f%%%n", progress.getTaskId(), 100 * progress.getFraction());
      }
      case TASK_FINISHED -> {
        TaskResult result = event.getTaskFinished().getResult();
        System.out.println("finished " + result.getTaskId() + " " + result.getState());
      }
      case RUN_FINISHED -> System.out.println("ended    " + event.getRunFinished().getState());
      default -> {}
    }
  }

  /** Sends a file as fast as the server takes it. */
  private static String upload(ArtifactServiceGrpc.ArtifactServiceStub artifacts, Path path) throws IOException {
    CompletableFuture<String> stored = new CompletableFuture<>();
    UploadHeader header = UploadHeader.newBuilder().setFileName(path.getFileName().toString()).setSizeBytes(Files.size(path)).build();
    try (InputStream file = Files.newInputStream(path)) {
      artifacts.upload(new ClientResponseObserver<UploadRequest, Artifact>() {
        private boolean begun, ended;

        @Override
        public void beforeStart(ClientCallStreamObserver<UploadRequest> call) {
          call.setOnReadyHandler(() -> {
            try {
              while (call.isReady() && !ended) {
                byte[] chunk = begun ? file.readNBytes(CHUNK_BYTES) : null;
                if (chunk == null) {
                  call.onNext(UploadRequest.newBuilder().setHeader(header).build());
                  begun = true;
                } else if (chunk.length > 0) {
                  call.onNext(UploadRequest.newBuilder().setChunk(ByteString.copyFrom(chunk)).build());
                } else {
                  ended = true;
                  call.onCompleted();
                }
              }
            } catch (IOException error) {
              call.cancel("The file cannot be read: " + error, error);
            }
          });
        }

        @Override
        public void onNext(Artifact artifact) {
          stored.complete(artifact.getName());
        }

        @Override
        public void onError(Throwable error) {
          stored.completeExceptionally(error);
        }

        @Override
        public void onCompleted() {}
      });
      return stored.join();
    }
  }

  private static Path download(ArtifactServiceGrpc.ArtifactServiceBlockingStub artifacts, String name) throws IOException {
    Iterator<DownloadResponse> parts = artifacts.download(DownloadRequest.newBuilder().setName(name).build());
    String fileName = parts.next().getArtifact().getFileName(); // The first message describes what follows.
    Path last = Path.of(fileName.isEmpty() ? name.substring(name.length() - 8) : fileName).getFileName();
    try (OutputStream file = Files.newOutputStream(Files.createDirectories(FOLDER).resolve(last))) {
      while (parts.hasNext()) {
        parts.next().getChunk().writeTo(file);
      }
    }
    return FOLDER.resolve(last);
  }

  private static int failed(String message) {
    System.err.println("Error: " + message);
    return 1;
  }
}
