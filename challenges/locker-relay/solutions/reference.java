class Solution {
    static long lockers_opened(long[] notes) {
        boolean[] opened = new boolean[notes.length];
        long count = 0, locker = 0;
        while (0 <= locker && locker < notes.length && !opened[(int) locker]) {
            opened[(int) locker] = true;
            count++;
            locker = notes[(int) locker];
        }
        return count;
    }
}
