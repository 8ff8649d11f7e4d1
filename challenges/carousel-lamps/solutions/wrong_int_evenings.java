// expect: WA
// Counts the evenings in 32 bits.
import java.util.ArrayList;
import java.util.List;

class Solution {
    static String after(String lamps, long evenings) {
        List<String> looks = new ArrayList<>();
        while (!looks.contains(lamps)) {
            looks.add(lamps);
            StringBuilder next = new StringBuilder();
            for (int i = 0; i < lamps.length(); i++) {
                char left = lamps.charAt(i == 0 ? lamps.length() - 1 : i - 1);
                next.append(lamps.charAt(i) != left ? '*' : '.');
            }
            lamps = next.toString();
        }
        int first = looks.indexOf(lamps);
        int count = (int) evenings;
        if (count < looks.size()) return looks.get(Math.max(0, count));
        return looks.get(first + (count - first) % (looks.size() - first));
    }
}
