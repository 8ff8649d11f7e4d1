"""What relaying a keystroke costs: this server beside stock python-socketio, Node's socket.io and a bare WebSocket."""
