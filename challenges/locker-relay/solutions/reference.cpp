#include <vector>

long long lockers_opened(std::vector<long long> notes) {
    std::vector<bool> opened(notes.size());
    long long count = 0, locker = 0;
    while (0 <= locker && locker < (long long)notes.size() && !opened[locker]) {
        opened[locker] = true;
        count++;
        locker = notes[locker];
    }
    return count;
}
