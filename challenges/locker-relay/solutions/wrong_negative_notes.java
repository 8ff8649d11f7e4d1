// expect: RE
// Does not look whether a note is negative.
class Solution {
    static long lockers_opened(long[] notes) {
        boolean[] opened = new boolean[notes.length];
        int count = 0, locker = 0;
        while (locker < notes.length && !opened[locker]) {
            opened[locker] = true;
            count++;
            locker = (int) notes[locker];
        }
        return count;
    }
}
