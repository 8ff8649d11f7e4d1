class Solution {
    static long minutes_needed(long[][] potters, long pots) {
        long low = 0, high = pots * 20_000;
        while (low < high) {
            long middle = low + (high - low) / 2, done = 0;
            for (long[] potter : potters) done += finished(potter[0], potter[1], potter[2], middle);
            if (done >= pots) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private static long finished(long minutes, long batch, long rest, long now) {
        long round = minutes * batch + rest;
        return now / round * batch + Math.min(batch, now % round / minutes);
    }
}
