class Solution {
    static long dark_gap(String lanterns) {
        int longest = 0, last = -1;
        for (int i = 0; i < lanterns.length(); i++) {
            if (lanterns.charAt(i) != 'o') continue;
            if (last >= 0) longest = Math.max(longest, i - last - 1);
            last = i;
        }
        return longest;
    }
}
