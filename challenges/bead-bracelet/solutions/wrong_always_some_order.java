// expect: WA
// Gives some order even where there is none.
class Solution {
    static String bracelet(String beads) {
        StringBuilder left = new StringBuilder(beads), threaded = new StringBuilder();
        char last = ' ';
        while (left.length() > 0) {
            int next = 0;
            while (next + 1 < left.length() && left.charAt(next) == last) next++;
            last = left.charAt(next);
            threaded.append(last);
            left.deleteCharAt(next);
        }
        return threaded.toString();
    }
}
