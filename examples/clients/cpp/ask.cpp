// ask REQUEST [FILE…] — uploads the files, carries the request out, prints its events, saves what the answer names.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "orchestrion/v1/artifact_service.grpc.pb.h"
#include "orchestrion/v1/run_service.grpc.pb.h"

namespace fs = std::filesystem;
using namespace orchestrion::v1;

const fs::path kFolder = "orchestrion-output";
constexpr std::size_t kChunkBytes = 1 << 20;

void Check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

std::string Upload(ArtifactService::Stub& artifacts, const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " cannot be read.");
  grpc::ClientContext context;
  Artifact artifact;
  auto call = artifacts.Upload(&context, &artifact);
  UploadRequest request;
  request.mutable_header()->set_file_name(path.filename().string());
  request.mutable_header()->set_size_bytes(static_cast<std::int64_t>(fs::file_size(path)));
  bool open = call->Write(request);  // False once the server has ended the call; Finish tells why.
  for (std::vector<char> chunk(kChunkBytes); open && file; open = file.gcount() == 0 || call->Write(request)) {
    file.read(chunk.data(), chunk.size());
    request.set_chunk(chunk.data(), file.gcount());
  }
  call->WritesDone();
  Check(call->Finish());
  return artifact.name();
}

fs::path Download(ArtifactService::Stub& artifacts, const std::string& name) {
  grpc::ClientContext context;
  DownloadRequest request;
  request.set_name(name);
  auto call = artifacts.Download(&context, request);
  fs::create_directories(kFolder);
  fs::path path;
  std::ofstream file;
  for (DownloadResponse part; call->Read(&part);) {
    if (part.has_artifact()) {  // The first message describes what follows.
      const fs::path file_name = fs::path(part.artifact().file_name()).filename();
      path = kFolder / (file_name.empty() ? fs::path(name.substr(name.size() - 8)) : file_name);
      file.open(path, std::ios::binary);
    }
    file << part.chunk();
  }
  Check(call->Finish());
  if (!file.flush()) throw std::runtime_error(path.string() + " cannot be written.");
  return path;
}

void Show(const Event& event) {
  if (event.has_task_planned()) {
    std::cout << "planned  " << event.task_planned().task().id() << std::endl;
  } else if (event.has_task_assigned()) {
    const Assignment& assignment = event.task_assigned().assignment();
    std::cout << "assigned " << assignment.task_id() << " to " << assignment.expert_id() << std::endl;
  } else if (event.has_task_progress()) {
    const TaskProgress& progress = event.task_progress();
    std::cout << "progress " << progress.task_id() << " " << int(100 * progress.fraction()) << "%" << std::endl;
  } else if (event.has_task_finished()) {
    const TaskResult& result = event.task_finished().result();
    std::cout << "finished " << result.task_id() << " " << TaskState_Name(result.state()) << std::endl;
  } else if (event.has_run_finished()) {
    std::cout << "ended    " << RunState_Name(event.run_finished().state()) << std::endl;
  }
}

int main(int count, char** arguments) try {
  if (count < 2) {
    std::cerr << "usage: ask REQUEST [FILE…]\n";
    return 2;
  }
  const char* address = std::getenv("ORCHESTRION_CONTROLLER");
  grpc::ChannelArguments limits;
  limits.SetMaxReceiveMessageSize(8 << 20);
  auto channel = grpc::CreateCustomChannel(address ? address : "127.0.0.1:50051", grpc::InsecureChannelCredentials(), limits);
  ArtifactService::Stub artifacts(channel);
  RunService::Stub runs(channel);

  RunRequest request;
  request.mutable_options()->set_detach_grace_ms(0);  // Ctrl-C ends the run: nobody comes back to read on.
  Message& message = *request.add_messages();
  message.set_role(ROLE_USER);
  message.set_text(arguments[1]);
  for (int i = 2; i < count; ++i) message.add_artifacts(Upload(artifacts, arguments[i]));

  grpc::ClientContext context;
  auto events = runs.Run(&context, request);
  AnswerFinished answer;
  for (Event event; events->Read(&event);) {
    Show(event);
    if (event.has_answer_finished()) answer = event.answer_finished();
  }
  Check(events->Finish());
  std::cout << "\n" << answer.text() << "\n\n";
  for (const std::string& name : answer.artifacts()) std::cout << "saved " << Download(artifacts, name).string() << "\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "Error: " << error.what() << "\n";
  return 1;
}
