module versus

go 1.23
