module ecosystem

go 1.26

require github.com/zishang520/socket.io/clients/socket/v3 v3.0.6
