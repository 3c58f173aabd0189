// ask REQUEST [FILE…] — uploads the files, carries the request out, prints its events, saves what the answer names.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pb "orchestrion/v1"
)

const folder = "orchestrion-output"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: ask REQUEST [FILE…]")
		os.Exit(2)
	}
	address := os.Getenv("ORCHESTRION_CONTROLLER")
	if address == "" {
		address = "127.0.0.1:50051"
	}
	limit := grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8 << 20))
	connection := must(grpc.Dial(address, grpc.WithInsecure(), limit))
	artifacts, runs := pb.NewArtifactServiceClient(connection), pb.NewRunServiceClient(connection)
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)

	message := &pb.Message{Role: pb.Role_ROLE_USER, Text: os.Args[1]}
	for _, path := range os.Args[2:] {
		message.Artifacts = append(message.Artifacts, upload(ctx, artifacts, path))
	}
	// Ctrl-C ends the call, and the run with it: nobody comes back to read on.
	options := &pb.RunOptions{DetachGraceMs: new(int64)}
	events := must(runs.Run(ctx, &pb.RunRequest{Messages: []*pb.Message{message}, Options: options}))
	answer := &pb.AnswerFinished{}
	for event, err := events.Recv(); err != io.EOF; event, err = events.Recv() {
		if show(must(event, err)); event.GetAnswerFinished() != nil {
			answer = event.GetAnswerFinished()
		}
	}
	fmt.Printf("\n%s\n\n", answer.Text)
	for _, name := range answer.Artifacts {
		fmt.Println("saved", download(ctx, artifacts, name))
	}
}

func show(event *pb.Event) {
	switch payload := event.Payload.(type) {
	case *pb.Event_TaskPlanned:
		fmt.Println("planned ", payload.TaskPlanned.Task.Id)
	case *pb.Event_TaskAssigned:
		fmt.Println("assigned", payload.TaskAssigned.Assignment.TaskId, "to", payload.TaskAssigned.Assignment.ExpertId)
	case *pb.Event_TaskProgress:
		fmt.Printf("progress %s %.0f%%\n", payload.TaskProgress.TaskId, 100*payload.TaskProgress.GetFraction())
	case *pb.Event_TaskFinished:
		fmt.Println("finished", payload.TaskFinished.Result.TaskId, payload.TaskFinished.Result.State)
	case *pb.Event_RunFinished:
		fmt.Println("ended   ", payload.RunFinished.State)
	}
}

func upload(ctx context.Context, artifacts pb.ArtifactServiceClient, path string) string {
	file := must(os.Open(path))
	defer file.Close()
	call := must(artifacts.Upload(ctx))
	header := &pb.UploadHeader{FileName: filepath.Base(path), SizeBytes: must(file.Stat()).Size()}
	err := call.Send(&pb.UploadRequest{Part: &pb.UploadRequest_Header{Header: header}})
	for chunk := make([]byte, 1<<20); err == nil; {
		size, end := file.Read(chunk)
		if end == io.EOF {
			break
		}
		// What ends the call before its end is told by CloseAndRecv.
		err = call.Send(&pb.UploadRequest{Part: &pb.UploadRequest_Chunk{Chunk: chunk[:must(size, end)]}})
	}
	return must(call.CloseAndRecv()).Name
}

func download(ctx context.Context, artifacts pb.ArtifactServiceClient, name string) string {
	parts := must(artifacts.Download(ctx, &pb.DownloadRequest{Name: name}))
	path := filepath.Join(folder, name[len(name)-8:])
	if fileName := must(parts.Recv()).GetArtifact().FileName; fileName != "" { // The first message describes what follows.
		path = filepath.Join(folder, filepath.Base(fileName))
	}
	must(folder, os.MkdirAll(folder, 0o777))
	file := must(os.Create(path))
	for part, err := parts.Recv(); err != io.EOF; part, err = parts.Recv() {
		must(file.Write(must(part, err).GetChunk()))
	}
	return must(path, file.Close())
}

// must returns a value, or ends the program with what went wrong.
func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", status.Convert(err).Message())
		os.Exit(1)
	}
	return value
}
