hello = Hello, { $name }
nav = Strings
