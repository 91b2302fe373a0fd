import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Clock, CPU and memory of this process as benchmarks/measured.py wants them. Not for several threads at once. */
final class Stopwatch {
    private final long wanted;
    private long rows;
    private long halfRows = -1;
    private long begunNs;
    private long halfNs;
    private long cpuNs;

    Stopwatch(long wanted) {
        this.wanted = wanted;
    }

    static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new HashMap<>();
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            options.put(arguments[at].substring(2), arguments[at + 1]);
        }
        return options;
    }

    /** Before row changes are taken; only the first call starts the clock. */
    void start() {
        if (begunNs == 0) {
            begunNs = System.nanoTime();
            cpuNs = processCpuNs();
        }
    }

    /** True when that was enough. */
    boolean seen(long more) {
        rows += more;
        if (halfRows < 0 && rows * 2 >= wanted) {
            halfRows = rows;
            halfNs = System.nanoTime();
        }
        return rows >= wanted;
    }

    void print() throws IOException {
        long endNs = System.nanoTime();
        long usedNs = processCpuNs() - cpuNs;
        System.out.println(String.format(Locale.ROOT,
            "{\"rows\": %d, \"seconds\": %.6f, \"cpu_s\": %.6f, \"warm_rows\": %d, \"warm_seconds\": %.6f, \"rss_mb\": %.1f}",
            rows, (endNs - begunNs) / 1e9, usedNs / 1e9, rows - halfRows, (endNs - halfNs) / 1e9, peakMegabytes()));
        System.out.flush();
    }

    private static long processCpuNs() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime();
    }

    private static double peakMegabytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM:"))
            .mapToDouble(line -> Double.parseDouble(line.trim().split("\\s+")[1]) / 1000)
            .findFirst().orElse(0);
    }
}
