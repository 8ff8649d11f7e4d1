#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

using namespace std;

int main() {
    vector<string> waiting;
    map<string, int> songs;
    string event, name;
    while (cin >> event) {
        if (event == "next") {
            auto singer = min_element(waiting.begin(), waiting.end(),
                                      [&](const string& a, const string& b) { return songs[a] < songs[b]; });
            if (singer == waiting.end()) {
                cout << "-\n";
                continue;
            }
            cout << *singer << "\n";
            songs[*singer]++;
            waiting.erase(singer);
            continue;
        }
        cin >> name;
        auto place = find(waiting.begin(), waiting.end(), name);
        if (event == "join" && place == waiting.end()) waiting.push_back(name);
        if (event == "leave" && place != waiting.end()) waiting.erase(place);
    }
}
