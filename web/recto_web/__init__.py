"""Who asks Recto: Flask pages, command line."""
