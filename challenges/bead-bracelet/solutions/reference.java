import java.util.Comparator;

class Solution {
    static String bracelet(String beads) {
        int[] count = new int[128];
        beads.chars().forEach(bead -> count[bead]++);
        Comparator<Integer> order = Comparator.<Integer>comparingInt(bead -> -count[bead]).thenComparingInt(bead -> bead);
        int[] sorted = beads.chars().boxed().sorted(order).mapToInt(Integer::intValue).toArray();
        int size = sorted.length;
        if (size > 1 && count[sorted[0]] > size / 2) return "";
        char[] threaded = new char[size];
        for (int i = 0, place = 0; i < size; i++, place += 2) {
            if (place >= size) place = 1;
            threaded[place] = (char) sorted[i];
        }
        return new String(threaded);
    }
}
