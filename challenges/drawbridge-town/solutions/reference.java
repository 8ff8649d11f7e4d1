import java.util.Comparator;
import java.util.PriorityQueue;

class Solution {
    private static final int[][] STEPS = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};

    static long fastest_walk(String[] town) {
        int rows = town.length, columns = town[0].length();
        PriorityQueue<long[]> heap = new PriorityQueue<>(Comparator.comparingLong(arrival -> arrival[0]));
        for (int y = 0; y < rows; y++) {
            if (town[y].indexOf('S') >= 0) heap.add(new long[] {0, y, town[y].indexOf('S')});
        }
        boolean[][] arrived = new boolean[rows][columns];
        while (!heap.isEmpty()) {
            long[] next = heap.poll();
            int y = (int) next[1], x = (int) next[2];
            if (arrived[y][x]) continue;
            arrived[y][x] = true;
            if (town[y].charAt(x) == 'E') return next[0];
            for (int[] step : STEPS) {
                int v = y + step[0], u = x + step[1];
                if (v < 0 || u < 0 || v >= rows || u >= columns || town[v].charAt(u) == '#') continue;
                long minute = next[0] + 1;
                if (town[v].charAt(u) == '=') minute = (minute + 2) / 3 * 3;
                heap.add(new long[] {minute, v, u});
            }
        }
        return -1;
    }
}
