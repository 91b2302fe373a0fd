// Measured process: go-mysql's BinlogSyncer, rows decoded to values. See benchmarks/measured.py for what it prints.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func peakMegabytes() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
			return kilobytes / 1000
		}
	}
	return 0
}

// rowChanges counts an update's two images as one change; a compressed transaction holds events of its own.
func rowChanges(event *replication.BinlogEvent) int {
	switch body := event.Event.(type) {
	case *replication.RowsEvent:
		switch event.Header.EventType {
		case replication.UPDATE_ROWS_EVENTv0, replication.UPDATE_ROWS_EVENTv1, replication.UPDATE_ROWS_EVENTv2:
			return len(body.Rows) / 2
		}
		return len(body.Rows)
	case *replication.TransactionPayloadEvent:
		rows := 0
		for _, inner := range body.Events {
			rows += rowChanges(inner)
		}
		return rows
	}
	return 0
}

func main() {
	host := flag.String("host", "", "")
	port := flag.Uint("port", 0, "")
	user := flag.String("user", "", "")
	password := flag.String("password", "", "")
	flag.String("database", "", "")
	flag.String("uuid", "", "")
	wanted := flag.Int("rows", 0, "")
	flag.Parse()

	syncer := replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID: 7003, Flavor: "mysql", Host: *host, Port: uint16(*port), User: *user, Password: *password,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	nothing, err := mysql.ParseMysqlGTIDSet("")
	if err != nil {
		panic(err)
	}
	streamer, err := syncer.StartSyncGTID(nothing)
	if err != nil {
		panic(err)
	}
	rows, halfRows := 0, 0
	var begun, half time.Time
	var cpu float64
	for rows < *wanted {
		event, err := streamer.GetEvent(context.Background())
		if err != nil {
			panic(err)
		}
		more := rowChanges(event)
		if more > 0 && begun.IsZero() {
			begun, cpu = time.Now(), cpuSeconds()
		}
		rows += more
		if half.IsZero() && rows*2 >= *wanted {
			half, halfRows = time.Now(), rows
		}
	}
	end := time.Now()
	answer, _ := json.Marshal(map[string]any{
		"rows": rows, "seconds": end.Sub(begun).Seconds(), "cpu_s": cpuSeconds() - cpu,
		"warm_rows": rows - halfRows, "warm_seconds": end.Sub(half).Seconds(), "rss_mb": peakMegabytes(),
	})
	fmt.Println(string(answer))
}
